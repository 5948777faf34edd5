//! Examples of what checks who somebody is.

/// Under `document --help`.
pub(in crate::args) const DOCUMENT: &str = "\
Examples:
  prosopa document passport.jpg                          its fields, and whether it is valid
  prosopa document front.jpg back.jpg --save-annotated out
  prosopa document img_01jd0000000000000000000000 -o json | jq -r '.fields[] | [.name, .value] | @tsv'
  prosopa document - < passport.jpg && echo valid

Ends with 0 if the document is valid, with 8 if it is not, with 9 if that cannot be told. Valid means that it contradicts
itself nowhere and has not expired: whether it is genuine is not looked at. Pictures that are sent are kept on the server.";

/// Under `documents --help`.
pub(in crate::args) const DOCUMENTS: &str = "\
Examples:
  prosopa documents list
  prosopa documents show doc_01jd0000000000000000000000
  prosopa documents delete doc_01jd0000000000000000000000";

/// Under `documents list --help`.
pub(in crate::args) const DOCUMENTS_LIST: &str = "\
Examples:
  prosopa documents list
  prosopa documents list --start-date 2026-11-01 --end-date 2026-11-30
  prosopa documents list --all -o ndjson | jq -r .id";

/// Under `documents show --help`.
pub(in crate::args) const DOCUMENTS_SHOW: &str = "\
Examples:
  prosopa documents show doc_01jd0000000000000000000000
  prosopa documents show doc_01jd0000000000000000000000 -o json | jq -r '.mrz.lines[]'";

/// Under `documents delete --help`.
pub(in crate::args) const DOCUMENTS_DELETE: &str = "\
Examples:
  prosopa documents delete doc_01jd0000000000000000000000
  prosopa documents list --all -o ndjson --end-date 2025-12-31 | jq -r .id | xargs prosopa documents delete --yes";

/// Under `verify --help`.
pub(in crate::args) const VERIFY: &str = "\
Examples:
  prosopa verify passport.jpg selfie.jpg && echo accepted
  prosopa verify front.jpg selfie.jpg --back back.jpg --max-fmr 0.02
  prosopa verify doc_01jd0000000000000000000000 img_01jd0000000000000000000000 -o json | jq -r '.reasons[]'

Ends with 0 if the check is accepted, with 8 if it is rejected, with 9 if a person should look at it. Whether a living
person was before the camera is not looked at. Pictures that are sent are kept on the server.";

/// Under `verifications --help`.
pub(in crate::args) const VERIFICATIONS: &str = "\
Examples:
  prosopa verifications list
  prosopa verifications show ver_01jd0000000000000000000000
  prosopa verifications delete ver_01jd0000000000000000000000";

/// Under `verifications list --help`.
pub(in crate::args) const VERIFICATIONS_LIST: &str = "\
Examples:
  prosopa verifications list
  prosopa verifications list --start-date 2026-11-01 --end-date 2026-11-30
  prosopa verifications list --all -o ndjson | jq -r .id";

/// Under `verifications show --help`.
pub(in crate::args) const VERIFICATIONS_SHOW: &str = "\
Examples:
  prosopa verifications show ver_01jd0000000000000000000000
  prosopa verifications show ver_01jd0000000000000000000000 -o json | jq '.match.score'";

/// Under `verifications delete --help`.
pub(in crate::args) const VERIFICATIONS_DELETE: &str = "\
Examples:
  prosopa verifications delete ver_01jd0000000000000000000000
  prosopa verifications list --all -o ndjson --end-date 2025-12-31 | jq -r .id | xargs prosopa verifications delete --yes";
