//! The names that managed MCP servers go by.

use multiversion::multiversion;

/// Returns true for `<name>-mcp.amazonaws.com`.
pub(super) fn is_principal(text: &str) -> bool {
    text.strip_suffix("-mcp.amazonaws.com")
        .is_some_and(is_label)
}

/// Returns true for a principal and for `aws-mcp.<region>.api.aws`.
pub(super) fn is_server(text: &str) -> bool {
    is_principal(text)
        || text
            .strip_prefix("aws-mcp.")
            .and_then(|rest| rest.strip_suffix(".api.aws"))
            .is_some_and(is_label)
}

/// Returns the server that an OAuth resource stands for: a URL of it, or its name.
pub(super) fn server_of_resource(resource: &str) -> Option<&str> {
    let rest = match resource.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => rest,
        Some(_) => return None,
        None => resource,
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = host.split(':').next()?;
    (is_server(host) || host == "aws-mcp").then_some(host)
}

/// One label of a host name.
fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// Returns true where `text` has three letters, given in lower case, in any case. All places are looked at, many at once: stopping at the
/// first would make it one after the other.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn has_letters(text: &str, letters: [u8; 3]) -> bool {
    let [first, second, third] = letters;
    let text = text.as_bytes();
    let (Some(seconds), Some(thirds)) = (text.get(1..), text.get(2..)) else {
        return false;
    };
    let places = text.iter().zip(seconds).zip(thirds);
    let differ = |((a, b), c): ((&u8, &u8), &u8)| {
        ((a | 0x20) ^ first) | ((b | 0x20) ^ second) | ((c | 0x20) ^ third)
    };
    places.map(differ).fold(u8::MAX, u8::min) == 0
}

/// Returns what follows `prefix`, in ASCII letters of any case.
pub(super) fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers() {
        for (text, principal, server) in [
            ("aws-mcp.amazonaws.com", true, true),
            ("eks-mcp.amazonaws.com", true, true),
            ("sagemaker-unified-studio-mcp.amazonaws.com", true, true),
            ("aws-api-mcp.amazonaws.com", true, true),
            ("aws-mcp.us-east-1.api.aws", false, true),
            ("-mcp.amazonaws.com", false, false),
            ("mcp.amazonaws.com", false, false),
            ("xmcp.amazonaws.com", false, false),
            ("a.b-mcp.amazonaws.com", false, false),
            ("aws-mcp.amazonaws.com.evil.example", false, false),
            ("evil/aws-mcp.amazonaws.com", false, false),
            ("aws-mcp..api.aws", false, false),
            ("aws-mcp.a.b.api.aws", false, false),
            ("eks-mcp.us-east-1.api.aws", false, false),
            ("ec2.amazonaws.com", false, false),
            ("", false, false),
        ] {
            assert_eq!(is_principal(text), principal, "{text}");
            assert_eq!(is_server(text), server, "{text}");
        }
    }

    #[test]
    fn oauth_resources() {
        for (resource, server) in [
            (
                "https://aws-mcp.us-west-2.api.aws/mcp",
                Some("aws-mcp.us-west-2.api.aws"),
            ),
            (
                "https://aws-mcp.us-west-2.api.aws",
                Some("aws-mcp.us-west-2.api.aws"),
            ),
            (
                "HTTPS://aws-mcp.us-west-2.api.aws:443/mcp?x=1",
                Some("aws-mcp.us-west-2.api.aws"),
            ),
            (
                "https://aws-mcp.amazonaws.com/",
                Some("aws-mcp.amazonaws.com"),
            ),
            ("aws-mcp.amazonaws.com", Some("aws-mcp.amazonaws.com")),
            ("aws-mcp", Some("aws-mcp")),
            ("https://evil.example/aws-mcp.us-west-2.api.aws", None),
            ("https://aws-mcp.us-west-2.api.aws@evil.example/", None),
            ("https://evil.example?aws-mcp.us-west-2.api.aws", None),
            ("http://aws-mcp.us-west-2.api.aws/", None),
            ("", None),
        ] {
            assert_eq!(server_of_resource(resource), server, "{resource}");
        }
    }

    #[test]
    fn words_in_any_case() {
        for (text, expected) in [
            ("xxAwsMcpxx", true),
            ("MCP", true),
            ("mc", false),
            ("m c p", false),
            ("mcmcp", true),
            ("", false),
        ] {
            assert_eq!(has_letters(text, *b"mcp"), expected, "{text}");
        }
        assert_eq!(strip_prefix_ignore_case("MD/x", "md/"), Some("x"));
        assert_eq!(strip_prefix_ignore_case("é", "m"), None);
    }
}
