//! Codes of states and organisations: ISO 3166-1 alpha-3 and the additions of ICAO 9303 part 3, section 5.

/// Who gave a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeSource {
    /// ISO 3166-1 alpha-3.
    Iso,
    /// ICAO: organisations, nationals without a state, `D` for Germany.
    Icao,
    /// `UTO`, the state of the standard's specimens: no real document has it.
    Specimen,
}

/// Who gave a code, without fillers; none for unknown codes.
pub fn code_source(code: &str) -> Option<CodeSource> {
    match code {
        "UTO" => Some(CodeSource::Specimen),
        _ if ICAO.contains(&code) => Some(CodeSource::Icao),
        _ => ISO.split_ascii_whitespace().any(|known| known == code).then_some(CodeSource::Iso),
    }
}

/// Part 3, section 5, parts B to E.
const ICAO: [&str; 26] = [
    "D", "EUE", "GBD", "GBN", "GBO", "GBP", "GBS", "RKS", "UNA", "UNK", "UNO", "XBA", "XCC", "XCE", "XCO",
    "XDC", "XEC", "XES", "XIM", "XMP", "XOM", "XPO", "XXA", "XXB", "XXC", "XXX",
];

const ISO: &str = "
    ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA BGD BGR BHR BHS BIH BLM
    BLR BLZ BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV CRI CUB CUW CXR
    CYM CYP CZE DEU DJI DMA DNK DOM DZA ECU EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM GAB GBR GEO GGY GHA GIB
    GIN GLP GMB GNB GNQ GRC GRD GRL GTM GUF GUM GUY HKG HMD HND HRV HTI HUN IDN IMN IND IOT IRL IRN IRQ ISL ISR ITA
    JAM JEY JOR JPN KAZ KEN KGZ KHM KIR KNA KOR KWT LAO LBN LBR LBY LCA LIE LKA LSO LTU LUX LVA MAC MAF MAR MCO MDA
    MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR MTQ MUS MWI MYS MYT NAM NCL NER NFK NGA NIC NIU NLD NOR
    NPL NRU NZL OMN PAK PAN PCN PER PHL PLW PNG POL PRI PRK PRT PRY PSE PYF QAT REU ROU RUS RWA SAU SDN SEN SGP SGS
    SHN SJM SLB SLE SLV SMR SOM SPM SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR TCA TCD TGO THA TJK TKL TKM TLS TON
    TTO TUN TUR TUV TWN TZA UGA UKR UMI URY USA UZB VAT VCT VEN VGB VIR VNM VUT WLF WSM YEM ZAF ZMB ZWE
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_sorted() {
        let codes: Vec<&str> = ISO.split_ascii_whitespace().collect();
        assert_eq!(codes.len(), 249);
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ICAO.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ICAO.iter().all(|code| !codes.contains(code)));
    }

    #[test]
    fn codes_are_known_by_their_giver() {
        assert_eq!(code_source("FRA"), Some(CodeSource::Iso));
        assert_eq!(code_source("D"), Some(CodeSource::Icao));
        assert_eq!(code_source("XXB"), Some(CodeSource::Icao));
        assert_eq!(code_source("UTO"), Some(CodeSource::Specimen));
        for unknown in ["", "ZZZ", "FR", "FRA ", "ABW AFG"] {
            assert_eq!(code_source(unknown), None);
        }
    }
}
