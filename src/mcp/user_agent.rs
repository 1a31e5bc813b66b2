//! What a user agent claims: the MCP server that runs with the caller's own credentials, and the client before it.
//!
//! Anybody can write a user agent, and words with "mcp" in them are common; only the forms that the servers and clients
//! are known to write count (github.com/awslabs/mcp, github.com/aws/mcp-proxy-for-aws).

use std::borrow::Cow;

use super::form::{has_letters, is_principal, strip_prefix_ignore_case};

/// What one user agent claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Claim<'a> {
    /// The server's name.
    pub(super) server: Option<&'a str>,
    /// The word that names the client, with what comes before its name.
    client: Option<Client<'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client<'a> {
    /// `MCPClient/<client>#<version>`
    Named(&'a str),
    /// The proxy, and the client that it names behind itself.
    Proxy(&'a str, Option<&'a str>),
}

/// Returns what a user agent claims; `None` where it has none of the forms.
pub(super) fn claim(user_agent: &str) -> Option<Claim<'_>> {
    // All forms hold one of these: `awslabs.<server>` need not hold the first.
    if !has_letters(user_agent, *b"mcp") && !has_letters(user_agent, *b"abs") {
        return None;
    }
    let mut claim = Claim::default();
    let mut found = false;
    let mut words = words(user_agent).peekable();
    while let Some(word) = words.next() {
        if let Some(server) = server(word) {
            found = true;
            claim.server = claim.server.or(Some(server));
        } else if let Some(client) = value(word, "MCPClient/") {
            found = true;
            claim.client = Some(Client::Named(client));
        } else if value(word, "mcp-proxy-for-aws/").is_some() {
            found = true;
            let behind = words.peek().copied().filter(|next| is_product(next));
            claim.client = claim.client.or(Some(Client::Proxy(word, behind)));
        }
    }
    found.then_some(claim)
}

/// Returns the client as `name/version`: the one named to the server or by the proxy, else, where the user agent is the
/// caller's own (`is_own`), its first product.
pub(super) fn client(user_agent: &str, is_own: bool) -> Option<Cow<'_, str>> {
    match claim(user_agent).and_then(|claim| claim.client) {
        Some(Client::Named(client)) => return Some(slashed(client)),
        Some(Client::Proxy(proxy, behind)) => return Some(Cow::Borrowed(behind.unwrap_or(proxy))),
        None => {}
    }
    if let Some(name) = words(user_agent).find_map(|word| value(word, "md/client#")) {
        return Some(slashed(name));
    }
    // A browser is where a person consents, not the client that asked for it.
    let first = words(user_agent).next().filter(|word| is_product(word))?;
    (is_own && !first.starts_with("Mozilla/")).then_some(Cow::Borrowed(first))
}

/// The words of a user agent. S3 writes it in brackets.
fn words(user_agent: &str) -> impl Iterator<Item = &str> {
    let bare = user_agent
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(user_agent).split_ascii_whitespace()
}

/// The server that a word names.
fn server(word: &str) -> Option<&str> {
    if let Some(rest) = strip_prefix_ignore_case(word, "md/awslabs#mcp#") {
        return name_and_version(rest, &['#', '/']);
    }
    if let Some(rest) = strip_prefix_ignore_case(word, "awslabs/mcp/")
        .or_else(|| strip_prefix_ignore_case(word, "awslabs."))
    {
        return name_and_version(rest, &['/']);
    }
    if is_principal(word) {
        return Some(word);
    }
    let name = name_and_version(word, &['/'])?;
    let base = name.len().checked_sub("-mcp-server".len())?;
    let is_server = base > 0 && name.get(base..)?.eq_ignore_ascii_case("-mcp-server");
    is_server.then_some(name)
}

/// The name of `<name><separator><version>`.
fn name_and_version<'a>(text: &'a str, separators: &[char]) -> Option<&'a str> {
    let (name, version) = text.split_once(separators)?;
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    (is_name && !version.is_empty()).then_some(name)
}

fn value<'a>(word: &'a str, prefix: &str) -> Option<&'a str> {
    strip_prefix_ignore_case(word, prefix).filter(|rest| !rest.is_empty())
}

/// `<name>/<version>`, and no comment.
fn is_product(word: &str) -> bool {
    !word.starts_with('(')
        && word
            .split_once('/')
            .is_some_and(|(name, version)| !name.is_empty() && !version.is_empty())
}

/// The SDKs write `name#version`.
fn slashed(client: &str) -> Cow<'_, str> {
    match client.split_once('#') {
        Some((name, "")) => Cow::Borrowed(name),
        Some((name, version)) => format!("{name}/{version}").into(),
        None => Cow::Borrowed(client),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers() {
        let check = |user_agent: &str, expected: Option<Option<&str>>| {
            assert_eq!(
                claim(user_agent).map(|claim| claim.server),
                expected,
                "{user_agent}"
            );
        };
        check(
            "Boto3/1.40.1 md/Botocore#1.40.1 ua/2.1 os/macos md/awslabs#mcp#aws-api-mcp-server#1.5.1",
            Some(Some("aws-api-mcp-server")),
        );
        check(
            "x md/awslabs#mcp#translate-mcp-server/0.1 y",
            Some(Some("translate-mcp-server")),
        );
        check(
            "awslabs/mcp/AWS-API-MCP-server/1.0",
            Some(Some("AWS-API-MCP-server")),
        );
        check(
            "[Boto3/1.17 awslabs/mcp/mysql_mcp_server/1.0.2]",
            Some(Some("mysql_mcp_server")),
        );
        check(
            "a/1 awslabs.cloudwatch-applicationsignals-mcp-server/0.1.2",
            Some(Some("cloudwatch-applicationsignals-mcp-server")),
        );
        check("awslabs.billing/0.1", Some(Some("billing")));
        check(
            "awslabs-iam-mcp-server/1.0.0",
            Some(Some("awslabs-iam-mcp-server")),
        );
        check("QIndex-MCP-Server/1.0", Some(Some("QIndex-MCP-Server")));
        check(
            "agentcore-mcp-server/0.3 tool",
            Some(Some("agentcore-mcp-server")),
        );
        check("aws-mcp.amazonaws.com", Some(Some("aws-mcp.amazonaws.com")));
        check("a/1 MCPClient/claude-code#2.1", Some(None));
        check("python-httpx/0.28.1 mcp-proxy-for-aws/1.7.0", Some(None));
        for other in [
            "",
            "mcp",
            "my-mcp-tool/1.0",
            "Mozilla/5.0 (mcp)",
            "stratus-red-team_mcp-server",
            "prometheus-mcp-server",
            "mcp-server/1.0",
            "-mcp-server/1.0",
            "é-mcp-server/1.0",
            "md/awslabs#mcp#",
            "md/awslabs#mcp#x",
            "md/awslabs#mcp##1",
            "awslabs/mcp/x",
            "awslabs./1",
            "awslabs.x",
            "https://awslabs.github.io/mcp",
            "MCPClient/",
            "xMCPClient/a",
            "mcp-proxy-for-aws",
            "x-mcp.amazonaws.com.evil",
            "aws-cli/2.17.32 md/awscrt#0.21.2",
        ] {
            check(other, None);
        }
    }

    #[test]
    fn clients() {
        let check = |user_agent: &str, is_own: bool, expected: Option<&str>| {
            assert_eq!(
                client(user_agent, is_own).as_deref(),
                expected,
                "{user_agent}"
            );
        };
        check(
            "a/1 md/awslabs#mcp#s#1 md/via/x MCPClient/claude-code#2.1 cfg/ro#0",
            false,
            Some("claude-code/2.1"),
        );
        check(
            "a/1 awslabs/mcp/s/1 MCPClient/cursor-1.2",
            false,
            Some("cursor-1.2"),
        );
        check(
            "md/awslabs#mcp#security-agent-mcp-server#1 md/client#kiro",
            false,
            Some("kiro"),
        );
        check(
            "python-httpx/0.28.1 mcp-proxy-for-aws/1.7.0 shelltest/1",
            true,
            Some("shelltest/1"),
        );
        check(
            "python-httpx/0.28.1 mcp-proxy-for-aws/1.7.0",
            true,
            Some("mcp-proxy-for-aws/1.7.0"),
        );
        check(
            "claude-code/2.1.202 (cli)",
            true,
            Some("claude-code/2.1.202"),
        );
        check("claude-code/2.1.202 (cli)", false, None);
        check("Mozilla/5.0 (Macintosh)", true, None);
        check("Boto3/1.40.1 md/awslabs#mcp#s#1", false, None);
        check("aws-mcp.amazonaws.com", true, None);
        check("", true, None);
    }
}
