//! Why a document or a check is not in order, in words. The server says it in codes.

/// A reason in words; one that this version does not know, in those of its code.
pub(super) fn words(reason: &str) -> String {
    let known = match reason {
        "check_digit_wrong" => "a check digit is wrong",
        "check_digit_absent" => "a check digit is missing",
        "composite_wrong" => "the check digit over several fields is wrong",
        "mrz_malformed" => "the machine readable zone has a character that its place does not admit",
        "names_malformed" => "the names in the machine readable zone are not written as they must be",
        "unknown_state" => "it names a state that is not known",
        "no_such_date" => "it has a day that is not in the calendar",
        "expiry_before_birth" => "it expires before its holder is born",
        "document_expired" => "it has expired",
        "specimen" => "it is a specimen",
        "no_mrz" => "no machine readable zone was found",
        "mrz_repaired" => "characters of the machine readable zone were repaired: check digits prove nothing",
        "sources_differ" => "what is printed differs from the machine readable zone",
        "document_invalid" => "the document is not valid",
        "document_inconclusive" => "whether the document is valid cannot be told",
        "faces_do_not_match" => "the portrait shows somebody else than the selfie",
        "faces_inconclusive" => "whether portrait and selfie show one person cannot be told",
        "selfie_blurred" => "the face of the selfie is blurred",
        "selfie_badly_lit" => "the face of the selfie is too dark or too bright",
        "selfie_face_small" => "the face of the selfie is small",
        unknown => return unknown.replace('_', " "),
    };
    known.to_owned()
}

/// What came of a judgement, and why: a line for each reason.
pub(super) fn judgement(name: &'static str, result: &str, reasons: &[String]) -> Vec<(&'static str, String)> {
    let because = reasons.iter().enumerate();
    let because = because.map(|(index, reason)| (if index == 0 { "Because" } else { "" }, words(reason)));
    std::iter::once((name, result.to_owned())).chain(because).collect()
}
