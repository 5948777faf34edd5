//! Examples under each command's help.

mod identity;

pub(super) use identity::{
    DOCUMENT, DOCUMENTS, DOCUMENTS_DELETE, DOCUMENTS_LIST, DOCUMENTS_SHOW, VERIFICATIONS,
    VERIFICATIONS_DELETE, VERIFICATIONS_LIST, VERIFICATIONS_SHOW, VERIFY,
};

/// Under `prosopa -h`.
pub(super) const ROOT_SHORT: &str = "\
Start:  prosopa init && prosopa match selfie.jpg passport.jpg
More:   prosopa --help (examples, environment, exit codes), prosopa COMMAND --help";

/// Under `prosopa --help`.
pub(super) const ROOT: &str = "\
Examples:
  prosopa init                              sign up and sign in (asks for what it needs)
  prosopa match selfie.jpg passport.jpg     one person's?
  prosopa verify passport.jpg selfie.jpg    is the passport valid, and whose?
  prosopa detect photo.jpg                  show the faces
  prosopa detect ~/Pictures -o ndjson       a whole folder, one JSON line per picture
  PROSOPA_TOKEN=psp_live_… prosopa detect - < photo.jpg

Environment:
  PROSOPA_SERVER       address of the server             (--server)
  PROSOPA_TOKEN        API key or access token           (--token)
  PROSOPA_ACCESS_KEY   signs requests, with              (--access-key)
  PROSOPA_SECRET_KEY   or PROSOPA_SECRET_KEY_FILE        (--secret-key, --secret-key-file)
  PROSOPA_CA_CERT, PROSOPA_CLIENT_CERT, PROSOPA_CLIENT_KEY
  PROSOPA_PASSWORD     password for init, register and login
  PROSOPA_CREDENTIALS  file that keeps logins and a key; otherwise prosopa/credentials.json
                       in $XDG_CONFIG_HOME or ~/.config
  NO_COLOR             print without colours

Exit codes:
    0  done
    1  another failure
    2  wrong usage, or a value is missing and there is nobody to ask
    3  not signed in, or the credentials were refused
    4  the server refused the input
    5  the quota is used up
    6  the server can not be reached, or limits the rate or is busy after all retries
    7  some of several files failed
    8  match: a face is another person's; document: it is not valid; verify: rejected
    9  match, document: that cannot be told; verify: a person should look
  130  interrupted";

/// Under `init --help`.
pub(super) const INIT: &str = "\
Examples:
  prosopa init                                    asks for what it needs
  prosopa init --match selfie.jpg passport.jpg    and compares two pictures at once
  prosopa init --user-name ada --email ada@example.org --password-stdin < password.txt

It may be run again: who has signed up is signed in, who is signed in goes on, and a key that still works is kept. The
session and the key lie in a file that only you can read. With --match the exit code is that of match.";

/// Under `register --help`.
pub(super) const REGISTER: &str = "\
Examples:
  prosopa register
  prosopa register --user-name ada --email ada@example.org
  prosopa register --user-name ada --email ada@example.org --password-stdin < password.txt";

/// Under `login --help`.
pub(super) const LOGIN: &str = "\
Examples:
  prosopa login
  prosopa login --user-name ada@example.org
  prosopa login --server https://faces.example.org --user-name ada --password-stdin < password.txt

The session is kept per server in a file that only you can read, and renewed by itself.";

/// Under `logout --help`.
pub(super) const LOGOUT: &str = "\
Examples:
  prosopa logout
  prosopa logout --local    when the server is gone for good";

/// Under `whoami --help`.
pub(super) const WHOAMI: &str = "\
Examples:
  prosopa whoami
  prosopa whoami -o json | jq '.quota.windows[] | {name, remaining}'";

/// Under `keys --help`.
pub(super) const KEYS: &str = "\
Examples:
  PROSOPA_TOKEN=$(prosopa keys create nightly)
  prosopa keys list
  prosopa keys rotate key_01jd0000000000000000000000
  prosopa keys revoke key_01jd0000000000000000000000";

/// Under `keys create --help`.
pub(super) const KEYS_CREATE: &str = "\
Examples:
  prosopa keys create nightly
  prosopa keys create report --scope faces:read --expires-in-days 30
  export PROSOPA_TOKEN=$(prosopa keys create ci --quiet)

Only the key goes to stdout. It is shown this once: the server keeps no copy.";

/// Under `keys list --help`.
pub(super) const KEYS_LIST: &str = "\
Examples:
  prosopa keys list
  prosopa keys list -o ndjson | jq -r 'select(.last_used_at == null) | .id'";

/// Under `keys show --help`.
pub(super) const KEYS_SHOW: &str = "\
Examples:
  export PROSOPA_TOKEN=$(prosopa keys show)
  curl -H \"authorization: Bearer $(prosopa keys show)\" http://127.0.0.1:8080/api/v1/images";

/// Under `keys rotate --help`.
pub(super) const KEYS_ROTATE: &str = "\
Examples:
  PROSOPA_TOKEN=$(prosopa keys rotate key_01jd0000000000000000000000)
  prosopa keys rotate key_01jd0000000000000000000000 --grace 0    when the present text is known to others

A key has two texts at most: another rotation ends the older one.";

/// Under `clients --help`.
pub(super) const CLIENTS: &str = "\
Examples:
  prosopa clients create onboarding
  prosopa clients list
  prosopa clients rotate cli_01jd0000000000000000000000
  prosopa clients revoke cli_01jd0000000000000000000000";

/// Under `clients create --help`.
pub(super) const CLIENTS_CREATE: &str = "\
Examples:
  prosopa clients create onboarding > onboarding.env
  prosopa clients create report --scope faces:read --expires-in-days 30
  prosopa clients create onboarding --sign-up      without a user
  openssl genpkey -algorithm ed25519 -out key.pem && openssl pkey -in key.pem -pubout -out key.pub.pem
  prosopa clients create onboarding --public-key key.pub.pem

Only the keys go to stdout. The secret key is shown this once.";

/// Under `clients list --help`.
pub(super) const CLIENTS_LIST: &str = "\
Examples:
  prosopa clients list
  prosopa clients list -o ndjson | jq -r '.keys[].access_key'";

/// Under `clients rotate --help`.
pub(super) const CLIENTS_ROTATE: &str = "\
Examples:
  prosopa clients rotate cli_01jd0000000000000000000000 > onboarding.env
  prosopa clients rotate cli_01jd0000000000000000000000 --grace 3600
  prosopa clients rotate cli_01jd0000000000000000000000 --public-key next.pub.pem

A client has two keys at most: another rotation ends the older one.";

/// Under `clients revoke --help`.
pub(super) const CLIENTS_REVOKE: &str = "\
Examples:
  prosopa clients revoke cli_01jd0000000000000000000000
  prosopa clients revoke --yes cli_01jd0000000000000000000000 cli_01jd0000000000000000000001";

/// Under `keys revoke --help`.
pub(super) const KEYS_REVOKE: &str = "\
Examples:
  prosopa keys revoke key_01jd0000000000000000000000
  prosopa keys revoke --yes key_01jd0000000000000000000000 key_01jd0000000000000000000001";

/// Under `detect --help`.
pub(super) const DETECT: &str = "\
Examples:
  prosopa detect photo.jpg                             a table of the faces
  prosopa detect photo.jpg --save-annotated out        and the picture with boxes in out/
  prosopa detect ~/Pictures -j 8 -o ndjson > faces.ndjson
  prosopa detect 'holiday/**/*.jpg'                    a pattern in quotes is expanded by prosopa
  curl -s https://example.org/a.jpg | prosopa detect - -o json | jq '.faces[].box'

With -o json one picture gives an object and anything else a list; -o ndjson gives one object per picture
in any case, as soon as it is known. Each has `file`, and the result's fields or `error`.
Pictures of up to 20 MiB are sent. In folders, hidden files and *.annotated.* are passed over.";

/// Under `match --help`.
pub(super) const MATCH: &str = "\
Examples:
  prosopa match selfie.jpg passport.jpg && echo the same person
  prosopa match selfie.jpg img_01jd0000000000000000000000 --max-fmr 0.02
  prosopa match selfie.jpg staff/*.jpg -o json | jq -r '.results[] | [.decision, .score] | @tsv'

Ends with 0 if every comparison is a match, with 8 if one is none, else with 9 if one cannot be told. The score is 100 times
the probability that both faces are one person's where that is as likely as not beforehand. Pictures that are sent are kept
on the server; a match and its pictures can be deleted there.";

/// Under `results --help`.
pub(super) const RESULTS: &str = "\
Examples:
  prosopa results list
  prosopa results show det_01jd0000000000000000000000
  prosopa results delete det_01jd0000000000000000000000";

/// Under `results list --help`.
pub(super) const RESULTS_LIST: &str = "\
Examples:
  prosopa results list
  prosopa results list --start-date 2026-11-01 --end-date 2026-11-30
  prosopa results list --all -o ndjson | jq -r 'select(.face_count == 0) | .id'";

/// Under `results show --help`.
pub(super) const RESULTS_SHOW: &str = "\
Examples:
  prosopa results show det_01jd0000000000000000000000
  prosopa results show det_01jd0000000000000000000000 -o json | jq '.faces[0].landmarks68'";

/// Under `results delete --help`.
pub(super) const RESULTS_DELETE: &str = "\
Examples:
  prosopa results delete det_01jd0000000000000000000000
  prosopa results list --all -o ndjson --end-date 2025-12-31 | jq -r .id | xargs prosopa results delete --yes";

/// Under `images --help`.
pub(super) const IMAGES: &str = "\
Examples:
  prosopa images upload selfie.jpg --type face --subject patient-7
  prosopa images list --subject patient-7
  prosopa images get img_01jd0000000000000000000000
  prosopa images delete img_01jd0000000000000000000000";

/// Under `images upload --help`.
pub(super) const IMAGES_UPLOAD: &str = "\
Examples:
  prosopa images upload passport.jpg --type passport --subject patient-7
  prosopa images upload front.jpg --type id_front --metadata '{\"case\": \"A-17\"}' --exif taken_at,camera
  prosopa images upload scans/ -j 8 -o ndjson | jq -r .id

The same picture of the same person is kept once. With -o json one picture gives an object and anything
else a list; each has `file`, and the picture's fields or `error`.";

/// Under `images list --help`.
pub(super) const IMAGES_LIST: &str = "\
Examples:
  prosopa images list
  prosopa images list --type passport --start-date 2026-11-01
  prosopa images list --all -o ndjson | jq -r .id";

/// Under `images get --help`.
pub(super) const IMAGES_GET: &str = "\
Examples:
  prosopa images get img_01jd0000000000000000000000 -o json | jq .metadata
  prosopa images get img_01jd0000000000000000000000 --save passport.jpg";

/// Under `images delete --help`.
pub(super) const IMAGES_DELETE: &str = "\
Examples:
  prosopa images delete img_01jd0000000000000000000000
  prosopa images list --all -o ndjson --end-date 2025-12-31 | jq -r .id | xargs prosopa images delete --yes";

/// Under `subjects --help`.
pub(super) const SUBJECTS: &str = "\
Examples:
  prosopa detect visit.jpg --subject patient-7 -o json | jq -r .subject
  prosopa subjects erase sub_01jd0000000000000000000000";

/// Under `subjects erase --help`.
pub(super) const SUBJECTS_ERASE: &str = "\
Examples:
  prosopa subjects erase sub_01jd0000000000000000000000
  prosopa subjects erase --yes sub_01jd0000000000000000000000 sub_01jd0000000000000000000001";

/// Under `jobs --help`.
pub(super) const JOBS: &str = "\
Examples:
  prosopa jobs list --status failed
  prosopa jobs watch job_01jd0000000000000000000000
  prosopa jobs retry job_01jd0000000000000000000000";

/// Under `jobs list --help`.
pub(super) const JOBS_LIST: &str = "\
Examples:
  prosopa jobs list
  prosopa jobs list --status failed --start-date 2026-11-01
  prosopa jobs list --all -o ndjson | jq -r 'select(.status == \"failed\") | .id' | xargs prosopa jobs retry";

/// Under `jobs show --help`.
pub(super) const JOBS_SHOW: &str = "\
Examples:
  prosopa jobs show job_01jd0000000000000000000000
  prosopa jobs show job_01jd0000000000000000000000 -o json | jq -r .result_href";

/// Under `jobs watch --help`.
pub(super) const JOBS_WATCH: &str = "\
Examples:
  prosopa jobs watch job_01jd0000000000000000000000
  prosopa jobs watch --every 10 job_01jd0000000000000000000000 job_01jd0000000000000000000001

The exit code is 0 where every job was completed, else 1, or 7 where some were.";

/// Under `jobs cancel --help`.
pub(super) const JOBS_CANCEL: &str = "\
Examples:
  prosopa jobs cancel job_01jd0000000000000000000000";

/// Under `jobs retry --help`.
pub(super) const JOBS_RETRY: &str = "\
Examples:
  prosopa jobs retry job_01jd0000000000000000000000
  prosopa jobs retry job_01jd0000000000000000000000 && prosopa jobs watch job_01jd0000000000000000000000";

/// Under `completions --help`.
pub(super) const COMPLETIONS: &str = "\
Examples:
  prosopa completions bash > ~/.local/share/bash-completion/completions/prosopa
  prosopa completions zsh > ~/.zfunc/_prosopa        with ~/.zfunc in $fpath
  prosopa completions fish > ~/.config/fish/completions/prosopa.fish";
