//! Single components against the examples of RFC 9421 section 2.

use http::Version;

use prosopa_http::signatures::SignatureError;

use super::support::{base_of, head, read};

fn no_value(name: &str) -> Result<String, SignatureError> {
    Err(SignatureError::NoSingleValue(name.into()))
}

fn unsupported(name: &str) -> Result<String, SignatureError> {
    Err(SignatureError::UnsupportedComponent(name.into()))
}

/// K2, section 2.1: white space around lines goes, lines are joined, an empty field is a value.
#[test]
fn fields_are_joined_and_trimmed() {
    let parts = head(
        "GET",
        "/xyz",
        &[
            ("x-ows-header", "   Leading and trailing whitespace.   "),
            ("cache-control", "max-age=60"),
            ("x-empty-header", ""),
            ("cache-control", "   must-revalidate"),
            ("example-dict", " a=1,    b=2;x=1;y=2,   c=(a   b   c)"),
        ],
    );
    let base = base_of(parts, r#""cache-control" "x-empty-header" "x-ows-header" "example-dict""#).unwrap();
    let expected = [
        r#""cache-control": max-age=60, must-revalidate"#,
        r#""x-empty-header": "#,
        r#""x-ows-header": Leading and trailing whitespace."#,
        r#""example-dict": a=1,    b=2;x=1;y=2,   c=(a   b   c)"#,
    ];
    assert_eq!(base, expected.join("\n"));
}

/// K2, section 2.1.2: members of a dictionary.
#[test]
fn members_of_dictionaries_are_covered_alone() {
    let parts = || {
        let dict =
            [("example-dict", "  a=1, b=2;x=1;y=2, c=(a   b    c), d"), ("twice", "a=1"), ("twice", "a=2")];
        head("GET", "/", &dict)
    };
    let components =
        r#""example-dict";key="a" "example-dict";key="d" "example-dict";key="b" "example-dict";key="c""#;
    let expected = [
        r#""example-dict";key="a": 1"#,
        r#""example-dict";key="d": ?1"#,
        r#""example-dict";key="b": 2;x=1;y=2"#,
        r#""example-dict";key="c": (a b c)"#,
    ];
    assert_eq!(base_of(parts(), components).unwrap(), expected.join("\n"));
    assert_eq!(base_of(parts(), r#""example-dict";key="e""#), no_value("example-dict"));
    assert_eq!(base_of(parts(), r#""twice";key="a""#), no_value("twice"));
}

/// K2, section 2.1.3: lines as bytes, which tells one line with a comma from two.
#[test]
fn fields_are_covered_as_bytes() {
    let two = [("example-header", "value, with, lots"), ("example-header", "of, commas")];
    let base = base_of(head("GET", "/", &two), r#""example-header";bs"#).unwrap();
    assert_eq!(base, r#""example-header";bs: :dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:"#);
    let one = [("example-header", "value, with, lots, of, commas")];
    let base = base_of(head("GET", "/", &one), r#""example-header";bs"#).unwrap();
    assert_eq!(base, r#""example-header";bs: :dmFsdWUsIHdpdGgsIGxvdHMsIG9mLCBjb21tYXM=:"#);
}

/// K2, sections 2.2.1 to 2.2.7: what is derived from the target.
#[test]
fn targets_are_derived() {
    let all = r#""@method" "@authority" "@path" "@query""#;
    let base = |uri: &str, host: &str| base_of(head("GET", uri, &[("host", host)]), all).unwrap();
    let expected = |authority: &str, path: &str, query: &str| {
        format!("\"@method\": GET\n\"@authority\": {authority}\n\"@path\": {path}\n\"@query\": {query}")
    };
    assert_eq!(
        base("/path?param=value", "www.example.com"),
        expected("www.example.com", "/path", "?param=value")
    );
    assert_eq!(base("/path", "WWW.Example.COM:8080"), expected("www.example.com:8080", "/path", "?"));
    assert_eq!(base("/", "example.com:443"), expected("example.com", "/", "?"));
    assert_eq!(base("http://example.com:443/", "example.com:443"), expected("example.com:443", "/", "?"));
    assert_eq!(base("https://example.com:443/", "Example.com"), expected("example.com", "/", "?"));
    assert_eq!(base("http://example.com:80?", "example.com"), expected("example.com", "/", "?"));
    let escaped = "/a%2Fb//c?foo=bar&baz=bat%2Dman";
    assert_eq!(base(escaped, "[::1]:80"), expected("[::1]", "/a%2Fb//c", "?foo=bar&baz=bat%2Dman"));
}

/// K2, sections 2.2.2, 2.2.4 and 2.2.5: the whole target, where it names the scheme.
#[test]
fn whole_targets_need_a_scheme() {
    let components = r#""@target-uri" "@scheme" "@request-target""#;
    let mut parts = head("GET", "HTTPS://www.Example.com/path?param=value", &[]);
    let expected = |target: &str| {
        format!(
            "\"@target-uri\": https://www.example.com/path?param=value\n\"@scheme\": https\n\"@request-target\": {target}"
        )
    };
    parts.version = Version::HTTP_2;
    assert_eq!(base_of(parts, components).unwrap(), expected("/path?param=value"));
    let proxied = head("GET", "https://www.example.com/path?param=value", &[]);
    assert_eq!(base_of(proxied, components).unwrap(), expected("https://www.example.com/path?param=value"));

    let plain = || head("GET", "/path?param=value", &[("host", "www.example.com")]);
    assert_eq!(base_of(plain(), r#""@request-target""#).unwrap(), r#""@request-target": /path?param=value"#);
    assert_eq!(base_of(plain(), r#""@target-uri""#), no_value("@target-uri"));
    assert_eq!(base_of(plain(), r#""@scheme""#), no_value("@scheme"));
    let connect = head("CONNECT", "www.example.com:80", &[]);
    assert_eq!(base_of(connect, r#""@request-target""#).unwrap(), r#""@request-target": www.example.com:80"#);
}

/// K2, section 2.2.8: query parameters, encoded anew.
#[test]
fn query_parameters_are_encoded_anew() {
    let plain = head("GET", "/path?param=value&foo=bar&baz=batman&qux=", &[]);
    let base = base_of(plain, r#""@query-param";name="baz" "@query-param";name="qux""#).unwrap();
    assert_eq!(base, "\"@query-param\";name=\"baz\": batman\n\"@query-param\";name=\"qux\": ");

    let uri = "/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something&x=%2B";
    let parts = || head("GET", uri, &[]);
    let expected = [
        r#""@query-param";name="var": this%20is%20a%20big%0Amultiline%20value"#,
        r#""@query-param";name="bar": with%20plus%20whitespace"#,
        r#""@query-param";name="fa%C3%A7ade%22%3A%20": something"#,
        r#""@query-param";name="x": %2B"#,
    ];
    let names = r#""@query-param";name="var" "@query-param";name="bar" "@query-param";name="fa%C3%A7ade%22%3A%20" "@query-param";name="x""#;
    assert_eq!(base_of(parts(), names).unwrap(), expected.join("\n"));
    assert_eq!(base_of(parts(), r#""@query-param";name="missing""#), no_value("@query-param"));
    assert_eq!(base_of(parts(), r#""@query-param""#), unsupported("@query-param"));
    let twice = head("GET", "/?a=1&a=2", &[]);
    assert_eq!(base_of(twice, r#""@query-param";name="a""#), no_value("@query-param"));
}

/// K2: a host that is named in two ways, or with a user before it, is no host.
#[test]
fn hosts_that_contradict_are_refused() {
    let authority = |uri: &str, hosts: &[(&str, &str)]| base_of(head("GET", uri, hosts), r#""@authority""#);
    assert_eq!(authority("/", &[]), no_value("@authority"));
    assert_eq!(authority("/", &[("host", "a.example"), ("host", "a.example")]), no_value("@authority"));
    assert_eq!(authority("http://a.example/", &[("host", "b.example")]), no_value("@authority"));
    for host in ["user@a.example", "a.example:99999", "a.example:x", "", ":80", "a b", "a.example/x"] {
        assert_eq!(authority("/", &[("host", host)]), no_value("@authority"), "{host}");
    }
    assert_eq!(authority("http://u:p@a.example/", &[]), no_value("@authority"));
}

/// K2: what cannot be covered here is refused, not passed over.
#[test]
fn unknown_components_and_parameters_are_refused() {
    let parts = || head("POST", "/?a=1", &[("host", "a.example"), ("x", "1"), ("signature", "a=:AAAA:")]);
    let refused = [
        (r#""@status""#, "@status"),
        (r#""@signature-params""#, "@signature-params"),
        (r#""@unknown""#, "@unknown"),
        (r#""@""#, "@"),
        (r#""""#, ""),
        (r#""X""#, "X"),
        (r#""x y""#, "x y"),
        (r#""x";sf"#, "x"),
        (r#""x";tr"#, "x"),
        (r#""x";req"#, "x"),
        (r#""x";bs=?0"#, "x"),
        (r#""x";bs;key="a""#, "x"),
        (r#""x";bs;bs"#, "x"),
        (r#""x";key=a"#, "x"),
        (r#""x";name="a""#, "x"),
        (r#""@method";req"#, "@method"),
        (r#""@path";bs"#, "@path"),
        (r#""@query-param";name=a"#, "@query-param"),
        (r#""@query-param";name="a";name="a""#, "@query-param"),
    ];
    for (components, name) in refused {
        assert_eq!(base_of(parts(), components), unsupported(name), "{components}");
    }
    let long = "x".repeat(200);
    assert_eq!(base_of(parts(), &format!("\"{long}\"")), unsupported(&long[..128]));
}

/// K2, section 2.5: no component twice, whatever stands around its name.
#[test]
fn repeated_components_are_refused() {
    let parts = || head("POST", "/?a=1", &[("host", "a.example"), ("x", "a=1")]);
    let twice = [
        (r#""@method" "x" "@method""#, "@method"),
        (r#""x" "x""#, "x"),
        (r#""x";bs "x";bs=?1"#, "x"),
        (r#""x";key="a" "x";key="a""#, "x"),
        (r#""@query-param";name="a" "@query-param";name="a""#, "@query-param"),
    ];
    for (components, name) in twice {
        let expected = Err(SignatureError::DuplicateComponent(name.into()));
        assert_eq!(base_of(parts(), components), expected, "{components}");
    }
    assert!(base_of(parts(), r#""x" "x";bs "x";key="a""#).is_ok());
}

/// K2, section 2.5: fields that are missing or not ASCII have no value; as bytes they have.
#[test]
fn fields_without_a_plain_value_are_refused() {
    assert_eq!(base_of(head("GET", "/", &[]), r#""x""#), no_value("x"));
    assert_eq!(base_of(head("GET", "/", &[]), r#""x";bs"#), no_value("x"));
    assert_eq!(base_of(head("GET", "/", &[]), r#""x";key="a""#), no_value("x"));
    let not_ascii = Err(SignatureError::NotAscii("x".into()));
    assert_eq!(base_of(head("GET", "/", &[("x", "caf\u{e9}")]), r#""x""#), not_ascii);
    let bytes = base_of(head("GET", "/", &[("x", "caf\u{e9}")]), r#""x";bs"#);
    assert_eq!(bytes.unwrap(), r#""x";bs: :Y2Fmw6k=:"#);
    let mut latin = head("GET", "/", &[]);
    latin.headers.insert("x", http::HeaderValue::from_bytes(b"caf\xe9").unwrap());
    assert_eq!(base_of(latin, r#""x""#), not_ascii);
}

/// K2, section 2.5: the bases are written anew, so that white space in the header does not count.
#[test]
fn parameters_are_written_in_one_form() {
    let parts = head("GET", "/", &[("host", "a.example")]);
    let request = read(parts, "a=(  \"@method\"   \"@path\" );  created=0012;keyid=\"k\"").unwrap().unwrap();
    let expected = "\"@method\": GET\n\"@path\": /\n\"@signature-params\": (\"@method\" \"@path\");created=12;keyid=\"k\"";
    assert_eq!(request.signature_base(), expected);
}
