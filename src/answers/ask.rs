//! What a report is asked: a stretch of time, what came before it, what is known, and what costs money.

use core::net::IpAddr;
use std::collections::HashSet;

use super::document::UnseenKind;
use crate::select::Span;

/// What costs money, unless another list is given: `service action billed by`.
///
/// Actions that services bill by themselves, or that begin to cost: <https://aws.amazon.com/pricing/>, each service's own page.
const COSTS: &str = "\
s3 PutObject request
s3 CopyObject request
s3 GetObject request
s3 HeadObject request
s3 ListObjects request
s3 ListObjectsV2 request
s3 RestoreObject request
lambda Invoke request and duration
dynamodb PutItem request
dynamodb GetItem request
dynamodb Query request
dynamodb Scan request
sqs SendMessage request
sns Publish request
kms Decrypt request
kms Encrypt request
kms GenerateDataKey request
secretsmanager GetSecretValue request
athena StartQueryExecution bytes scanned
bedrock InvokeModel tokens
bedrock Converse tokens
ec2 RunInstances instance hours
ec2 StartInstances instance hours
ec2 CreateNatGateway hours and bytes
ec2 CreateVolume storage
ec2 CreateSnapshot storage
rds CreateDBInstance instance hours
rds CreateDBSnapshot storage
";

/// What a report is about.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Where the dataset is.
    pub dataset: String,
    /// When the report is made, in microseconds since 1970.
    pub now: i64,
    /// Its time, on the borders of buckets.
    pub span: Span,
    /// The time before, with which it is compared.
    pub baseline: Option<Span>,
    /// What is known, and so not new.
    pub known: Known,
    /// What costs money.
    pub costs: Costs,
    /// Tables that a report reads and the dataset was made without.
    pub missing_tables: Vec<&'static str>,
    /// Width of a bucket of the dataset in microseconds.
    pub bucket: i64,
    /// Rows of a list, at most.
    pub rows: usize,
}

/// A line that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("line {line}: {why}")]
pub struct BadLine {
    /// Its number, from 1.
    pub line: usize,
    /// What it should be.
    pub why: &'static str,
}

/// Lines that say something, with their numbers: no comments, nothing empty.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    let numbered = lines.zip(1..).map(|(line, number)| (number, line.trim()));
    numbered.filter(|(_, line)| !line.is_empty())
}

/// Event sources in full: `s3` is `s3.amazonaws.com`.
fn full_source(name: &str) -> String {
    if name.contains('.') {
        name.to_owned()
    } else {
        format!("{name}.amazonaws.com")
    }
}

/// Actions that cost money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Costs(pub(super) Vec<Billed>);

/// An action that costs money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Billed {
    pub(super) event_source: String,
    pub(super) event_name: String,
    pub(super) by_what: String,
}

impl Default for Costs {
    fn default() -> Self {
        Self::parse(COSTS).expect("the list is ours")
    }
}

impl Costs {
    /// Reads a list: `service action what it is billed by`, a line each; what follows a `#` is a comment.
    ///
    /// ```
    /// use trailmill::answers::Costs;
    /// assert!(Costs::parse("s3 GetObject request # the cheap one").is_ok());
    /// assert!(Costs::parse("s3").is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the first line that cannot be used.
    pub fn parse(text: &str) -> Result<Self, BadLine> {
        let billed = lines(text).map(|(line, text)| {
            let mut words = text.splitn(3, char::is_whitespace);
            match (words.next(), words.next(), words.next()) {
                (Some(source), Some(name), Some(billed)) => Ok(Billed {
                    event_source: full_source(source),
                    event_name: name.to_owned(),
                    by_what: billed.trim().to_owned(),
                }),
                _ => Err(BadLine {
                    line,
                    why: "a line is a service, an action and what it is billed by, such as: s3 GetObject request",
                }),
            }
        });
        billed.collect::<Result<_, _>>().map(Self)
    }
}

/// What is known, and so not new.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    exact: HashSet<(UnseenKind, String)>,
    /// What values begin with.
    beginnings: Vec<(UnseenKind, String)>,
    networks: Vec<(IpAddr, u8)>,
}

impl Known {
    /// Reads a list: `principal`, `source_ip`, `region` or `service`, and a value, a line each; what follows a `#` is a comment. An
    /// address may be a network (`192.0.2.0/24`), and a `*` at the end of a value stands for any rest.
    ///
    /// ```
    /// use trailmill::answers::Known;
    /// assert!(Known::parse("region eu-west-1\nsource_ip 192.0.2.0/24").is_ok());
    /// assert!(Known::parse("colour blue").is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the first line that cannot be used.
    pub fn parse(text: &str) -> Result<Self, BadLine> {
        let mut known = Self::default();
        for (line, text) in lines(text) {
            let bad = |why| BadLine { line, why };
            let (kind, value) = text.split_once(char::is_whitespace).ok_or(bad(
                "a line is principal, source_ip, region or service, and a value",
            ))?;
            let (kind, value) = match (kind, value.trim()) {
                ("principal", value) => (UnseenKind::Principal, value.to_owned()),
                ("source_ip", value) => (UnseenKind::SourceIp, value.to_owned()),
                ("region", value) => (UnseenKind::Region, value.to_owned()),
                ("service", value) => (UnseenKind::Service, full_source(value)),
                _ => {
                    return Err(bad(
                        "what can be known is a principal, source_ip, region or service",
                    ));
                }
            };
            if let Some(beginning) = value.strip_suffix('*') {
                known.beginnings.push((kind, beginning.to_owned()));
            } else if kind == UnseenKind::SourceIp && value.contains('/') {
                let network = network(&value).ok_or(bad(
                    "a network is an address and a number of bits, such as 192.0.2.0/24",
                ))?;
                known.networks.push(network);
            } else {
                known.exact.insert((kind, value));
            }
        }
        Ok(known)
    }

    /// Whether it says anything about values of a kind.
    pub(super) fn is_about(&self, kind: UnseenKind) -> bool {
        self.exact.iter().any(|(of, _)| *of == kind)
            || self.beginnings.iter().any(|(of, _)| *of == kind)
            || kind == UnseenKind::SourceIp && !self.networks.is_empty()
    }

    /// Whether a value is known.
    pub(super) fn has(&self, kind: UnseenKind, value: &str) -> bool {
        let address = || value.parse::<IpAddr>().ok();
        self.exact.contains(&(kind, value.to_owned()))
            || (self.beginnings.iter()).any(|(of, text)| *of == kind && value.starts_with(text))
            || kind == UnseenKind::SourceIp
                && address().is_some_and(|address| {
                    self.networks
                        .iter()
                        .any(|network| contains(*network, address))
                })
    }
}

fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/')?;
    let (address, bits): (IpAddr, u8) = (address.parse().ok()?, bits.parse().ok()?);
    let bits_max = if address.is_ipv4() { 32 } else { 128 };
    (bits <= bits_max).then_some((address, bits))
}

fn contains((network, bits): (IpAddr, u8), address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let differing = network.to_bits() ^ address.to_bits();
            differing.leading_zeros() >= u32::from(bits)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let differing = network.to_bits() ^ address.to_bits();
            differing.leading_zeros() >= u32::from(bits)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known() {
        let list = "
            # ours
            principal arn:aws:iam::111122223333:role/*   # all roles
            source_ip 192.0.2.0/24
            source_ip 2001:db8::/32
            source_ip cloudformation.amazonaws.com
            service s3
        ";
        let known = Known::parse(list).expect("a list");
        let has = |kind, value| known.has(kind, value);
        assert!(has(
            UnseenKind::Principal,
            "arn:aws:iam::111122223333:role/x"
        ));
        assert!(!has(
            UnseenKind::Principal,
            "arn:aws:iam::111122223333:user/x"
        ));
        assert!(has(UnseenKind::SourceIp, "192.0.2.255"));
        assert!(!has(UnseenKind::SourceIp, "192.0.3.0"));
        assert!(has(UnseenKind::SourceIp, "2001:db8:1::1"));
        assert!(!has(UnseenKind::SourceIp, "2001:db9::1"));
        assert!(has(UnseenKind::SourceIp, "cloudformation.amazonaws.com"));
        assert!(!has(UnseenKind::Region, "192.0.2.1"));
        assert!(has(UnseenKind::Service, "s3.amazonaws.com"));
        assert!(known.is_about(UnseenKind::Service) && !known.is_about(UnseenKind::Region));
    }

    #[test]
    fn lines_that_cannot_be_used_are_named() {
        for (text, line) in [
            ("region eu-west-1\nregion", 2),
            ("place home", 1),
            ("source_ip 192.0.2.0/33", 1),
            ("\n\nsource_ip x/8", 3),
        ] {
            assert_eq!(Known::parse(text).expect_err(text).line, line, "{text}");
        }
        assert_eq!(
            Costs::parse("\ns3 GetObject").expect_err("no price").line,
            2
        );
    }

    #[test]
    fn the_list_of_costs_is_one() {
        let costs = Costs::default();
        assert!(costs.0.len() > 20);
        assert!(costs.0.iter().any(
            |billed| billed.event_name == "RunInstances" && billed.by_what == "instance hours"
        ));
    }
}
