//! What documents print above their fields, in the languages that are read.

use super::{super::zone::FieldName, latin};

/// Each label without spaces, with the field that it names; none for fields that no zone has, whose labels are no values either.
const LABELS: &[(Option<FieldName>, &[&str])] = &[
    (
        Some(FieldName::Surname),
        &[
            "SURNAME",
            "NOM",
            "NAME",
            "APELLIDOS",
            "NAZWISKO",
            "SOYADI",
            "FAMILYNAME",
            "COGNOME",
            "APELIDOS",
            "NAAM",
        ],
    ),
    (
        Some(FieldName::GivenNames),
        &[
            "GIVENNAMES",
            "GIVENNAME",
            "PRENOMS",
            "PRENOM",
            "VORNAMEN",
            "VORNAME",
            "NOMBRE",
            "NOMBRES",
            "IMIONA",
            "ADI",
            "NOME",
            "VOORNAMEN",
            "FORENAMES",
            "FIRSTNAME",
        ],
    ),
    (
        Some(FieldName::DocumentNumber),
        &[
            "DOCUMENTNO",
            "DOCUMENTNUMBER",
            "PASSPORTNO",
            "PASSPORTNUMBER",
            "CARDNO",
            "NDUDOCUMENT",
            "NODUDOCUMENT",
            "NUMMER",
            "NUMDOCUMENTO",
            "NUMERDOKUMENTU",
            "BELGENO",
        ],
    ),
    (
        Some(FieldName::Nationality),
        &[
            "NATIONALITY",
            "NATIONALITE",
            "STAATSANG",
            "STAATSANGEHORIGKEIT",
            "NACIONALIDAD",
            "OBYWATELSTWO",
            "UYRUGU",
            "CITTADINANZA",
        ],
    ),
    (
        Some(FieldName::BirthDate),
        &[
            "DATEOFBIRTH",
            "DATEDENAISSANCE",
            "GEBURTSTAG",
            "GEBURTSDATUM",
            "FECHADENACIMIENTO",
            "DATAURODZENIA",
            "DOGUMTARIHI",
            "DATADINASCITA",
        ],
    ),
    (Some(FieldName::Sex), &["SEX", "SEXE", "GESCHL", "GESCHLECHT", "SEXO", "PLEC", "CINSIYETI", "SESSO"]),
    (
        Some(FieldName::ExpiryDate),
        &[
            "DATEOFEXPIRY",
            "EXPIRYDATE",
            "DATEDEXPIRATION",
            "GULTIGBIS",
            "FECHADECADUCIDAD",
            "DATAWAZNOSCI",
            "SONGECERLILIK",
            "DATADISCADENZA",
            "VALIDUNTIL",
        ],
    ),
    (Some(FieldName::IssuingState), &["CODE", "KODE", "CODIGO", "KOD", "ISSUINGSTATE", "COUNTRYCODE"]),
    (Some(FieldName::DocumentCode), &["TYPE", "TYP", "TIPO", "TIP"]),
    (
        Some(FieldName::OptionalData),
        &[
            "PERSONALNO",
            "PERSONALNUMBER",
            "NPERSONNEL",
            "PERSONENNUMMER",
            "NUMPERSONAL",
            "NUMEROSOBISTY",
            "KIMLIKNO",
        ],
    ),
    (
        None,
        &[
            "PLACEOFBIRTH",
            "LIEUDENAISSANCE",
            "GEBURTSORT",
            "LUGARDENACIMIENTO",
            "MIEJSCEURODZENIA",
            "DOGUMYERI",
            "DATEOFISSUE",
            "DATEDEDELIVRANCE",
            "AUSSTELLUNGSTAG",
            "FECHADEEXPEDICION",
            "DATAWYDANIA",
            "VERILISTARIHI",
            "AUTHORITY",
            "AUTORITE",
            "BEHORDE",
            "AUTORIDAD",
            "ORGAN",
            "MAKAM",
            "HEIGHT",
            "TAILLE",
            "GROSSE",
            "ESTATURA",
            "WZROST",
            "BOY",
            "ADDRESS",
            "ADRESSE",
            "ANSCHRIFT",
            "DOMICILIO",
            "ADRES",
        ],
    ),
];

/// Labels of so many letters may be read with one of them wrong.
const FORGIVING_LEN: usize = 6;

/// What a line says as a label.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Label<'a> {
    /// The field; none of one that no zone has.
    pub(super) field: Option<FieldName>,
    /// What stands behind it on the same line; empty where the value stands elsewhere.
    pub(super) rest: &'a str,
}

/// The label that a line is or begins with; none of a line that is something else.
pub(super) fn read(text: &str) -> Option<Label<'_>> {
    let (label, rest) = text.split_once(':').unwrap_or((text, ""));
    label.split('/').find_map(find).map(|field| Label { field, rest: rest.trim() })
}

fn find(text: &str) -> Option<Option<FieldName>> {
    let word = latin::words(text).concat();
    let same = |label: &&str| {
        word == **label || label.len() >= FORGIVING_LEN && strsim::levenshtein(&word, label) <= 1
    };
    LABELS.iter().find(|(_, labels)| labels.iter().any(same)).map(|(field, _)| *field)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// K5: labels are known in two languages, with a letter misread or without spaces; names are none.
    #[test]
    fn labels_are_known() {
        for (text, field) in [
            ("Surname / Nom", Some(FieldName::Surname)),
            ("Sumame/Nazwisko", Some(FieldName::Surname)),
            ("Dateofbirth / Дата", Some(FieldName::BirthDate)),
            ("Date of expiry / Gültig bis", Some(FieldName::ExpiryDate)),
            ("Place of birth", None),
        ] {
            assert_eq!(read(text).map(|label| label.field), Some(field), "{text}");
        }
        let inline = read("Sex: F").unwrap();
        assert_eq!((inline.field, inline.rest), (Some(FieldName::Sex), "F"));
        for text in ["ERIKSSON", "", "12 AUG 1974", "UTOPIA"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
