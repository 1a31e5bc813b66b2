//! How a request or an answer names a resource: the form of the table's rules, and of the ids that tell
//! what they are of.

/// Where a rule looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Request,
    Response,
}

/// How one path of one source's records names a resource.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) event: &'static str,
    pub(super) place: Place,
    pub(super) last_resort: bool,
    pub(super) path: &'static str,
    pub(super) arn: &'static str,
    pub(super) kind: &'static str,
    #[cfg(test)]
    pub(super) example: Example,
}

/// An event, its `requestParameters` or `responseElements`, and the ARN that they name.
#[cfg(test)]
#[derive(Debug)]
pub(super) struct Example {
    pub(super) event: &'static str,
    pub(super) json: &'static str,
    pub(super) arn: &'static str,
}

/// The rules of one event source.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: &'static str,
    pub(super) rules: &'static [Rule],
}

/// Ids that tell by how they begin what they are of.
#[derive(Debug)]
pub(super) struct Id {
    pub(super) prefix: &'static str,
    pub(super) arn: &'static str,
    pub(super) kind: &'static str,
}
