//! Rows of `resource_activity` added up: what agents touched, and which identities were made.

use std::collections::HashMap;

use super::names::{NONE, Name, Names};
use super::scan::Batch;
use super::tally::{Tally, add};
use super::top::named;
use crate::select::Span;

/// What of the table is read, in the order of [`Resources::take`].
pub(super) const COLUMNS: &[&str] = &[
    "resource_arn",
    "resource_type",
    "recipient_account_id",
    "event_source",
    "event_name",
    "principal",
    "read_only",
    "mcp_channel",
    "is_error",
    "events",
    "first_event_time",
    "last_event_time",
];

/// Actions of IAM and Identity Center that make an identity, or a way to sign in as one.
const MAKES_IDENTITIES: &[&str] = &[
    "CreateUser",
    "CreateRole",
    "CreateGroup",
    "CreateAccessKey",
    "CreateLoginProfile",
    "CreateServiceLinkedRole",
    "CreateServiceSpecificCredential",
    "CreateSAMLProvider",
    "CreateOpenIDConnectProvider",
    "CreateVirtualMFADevice",
    "UploadSSHPublicKey",
    "UploadSigningCertificate",
];

/// Services that know them.
const IDENTITY_SERVICES: &[&str] = &[
    "iam.amazonaws.com",
    "identitystore.amazonaws.com",
    "sso-directory.amazonaws.com",
];

/// Whether an action makes an identity.
pub(super) fn makes_identity(event_source: &str, event_name: &str) -> bool {
    IDENTITY_SERVICES.contains(&event_source) && MAKES_IDENTITIES.contains(&event_name)
}

/// What was done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Touch {
    pub(super) resource: Name,
    pub(super) kind: Name,
    pub(super) event_source: Name,
    pub(super) event_name: Name,
    pub(super) principal: Name,
    pub(super) channel: Name,
    pub(super) read_only: Option<bool>,
}

/// An identity that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Made {
    pub(super) event_name: Name,
    pub(super) resource: Name,
    pub(super) principal: Name,
    pub(super) account: Name,
    pub(super) is_error: bool,
}

named! {
    Touch: resource, kind, event_source, event_name, principal, channel;
    Made: event_name, resource, principal, account;
}

/// What the table comes to.
#[derive(Debug)]
pub(super) struct Resources {
    span: Span,
    pub(super) touched: HashMap<Touch, Tally>,
    pub(super) made: HashMap<Made, Tally>,
    /// Rows that are partly of another time: the table counts by day.
    pub(super) has_parts: bool,
}

impl Resources {
    pub(super) fn new(span: Span) -> Self {
        Self {
            span,
            touched: HashMap::new(),
            made: HashMap::new(),
            has_parts: false,
        }
    }

    /// Adds rows.
    pub(super) fn take(&mut self, batch: &Batch, names: &Names) {
        let (channels, firsts, lasts) = (batch.names(7), batch.ints(10), batch.ints(11));
        for at in 0..batch.rows {
            let name = |column: usize| batch.names(column)[at];
            let makes = makes_identity(names.text(name(3)), names.text(name(4)));
            if channels[at] == NONE && !makes {
                continue;
            }
            let span = Span {
                from: firsts[at],
                to: lasts[at].saturating_add(1),
            };
            let within = self.span.overlap(span);
            if within.is_empty() {
                continue;
            }
            self.has_parts |= within != span;
            let events = u64::try_from(batch.ints(9)[at]).unwrap_or_default();
            let is_error = batch.flag(8, at) == Some(true);
            let tally = Tally {
                events,
                errors: if is_error { events } else { 0 },
                first: firsts[at],
                last: lasts[at],
                ..Tally::default()
            };
            if channels[at] != NONE {
                let touch = Touch {
                    resource: name(0),
                    kind: name(1),
                    event_source: name(3),
                    event_name: name(4),
                    principal: name(5),
                    channel: channels[at],
                    read_only: batch.flag(6, at),
                };
                add(&mut self.touched, touch, tally);
            }
            if makes {
                let made = Made {
                    event_name: name(4),
                    resource: name(0),
                    principal: name(5),
                    account: name(2),
                    is_error,
                };
                add(&mut self.made, made, tally);
            }
        }
    }
}
