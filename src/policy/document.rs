//! A policy as IAM's grammar has it (*Grammar of the IAM JSON policy language*), of which service control policies are a part.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::limits;

/// What a policy is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A service control policy, for accounts and organizational units. It grants nothing.
    Scp,
    /// An identity policy, for the role or user that an agent acts as.
    Iam,
}

impl Kind {
    /// Returns its name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scp => "scp",
            Self::Iam => "iam",
        }
    }

    /// Returns the characters that a policy may have, without white space.
    pub fn chars_max(self) -> usize {
        match self {
            Self::Scp => limits::SCP_CHARS_MAX,
            Self::Iam => limits::IAM_POLICY_CHARS_MAX,
        }
    }
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Document {
    version: &'static str,
    /// Its statements.
    #[serde(rename = "Statement")]
    pub statements: Vec<Statement>,
}

impl Document {
    pub(super) fn new(statements: Vec<Statement>) -> Self {
        // The version without which `${*}` is no literal asterisk.
        let version = "2012-10-17";
        Self {
            version,
            statements,
        }
    }

    /// Returns the policy without white space.
    pub fn minified(&self) -> String {
        serde_json::to_string(self).expect("texts and lists alone are JSON")
    }

    /// Returns the policy for people.
    pub fn pretty(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts and lists alone are JSON")
    }

    /// Returns how many characters the policy has without white space, which is how IAM counts.
    pub fn chars(&self) -> usize {
        let is_counted = |c: &char| !c.is_whitespace();
        self.minified().chars().filter(is_counted).count()
    }
}

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    /// Its name, unique among all policies that are made together.
    pub sid: String,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// The actions that it is about.
    #[serde(flatten)]
    pub which: Which,
    /// The resources that it is about.
    #[serde(rename = "Resource", serialize_with = "one_or_many")]
    pub resources: Vec<String>,
    /// When it counts.
    pub condition: Condition,
}

/// Whether a statement allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies.
    Deny,
}

/// Actions, with wildcards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Which {
    /// These.
    #[serde(rename = "Action")]
    These(Vec<String>),
    /// All but these.
    #[serde(rename = "NotAction")]
    AllBut(Vec<String>),
}

/// When a statement counts: operator, key, and the values of which one has to be there. All have to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Condition(BTreeMap<&'static str, BTreeMap<&'static str, Texts>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Texts(Vec<String>);

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        one_or_many(&self.0, serializer)
    }
}

impl Condition {
    /// Returns the condition that a request came through a managed MCP server: any, or one of these service principals.
    ///
    /// The keys are `aws:ViaAWSMCPService` (Boolean) and `aws:CalledViaAWSMCP` (one text), as the AWS MCP Server's documentation
    /// has them (*How AWS MCP Server works with IAM*). Requests that came another way have neither, so neither holds for them.
    pub fn through_mcp(servers: &[String]) -> Self {
        if servers.is_empty() {
            return Self::default().and("Bool", "aws:ViaAWSMCPService", vec!["true".to_owned()]);
        }
        Self::default().and("StringEquals", "aws:CalledViaAWSMCP", servers.to_vec())
    }

    /// Returns the condition that also one of these users or roles asks.
    #[must_use]
    pub fn and_principal(self, arns: Vec<String>) -> Self {
        // StringEquals knows no wildcards, unlike ArnEquals.
        self.and("StringEquals", "aws:PrincipalArn", arns)
    }

    fn and(mut self, operator: &'static str, key: &'static str, values: Vec<String>) -> Self {
        let keys = self.0.entry(operator).or_default();
        keys.insert(key, Texts(values));
        self
    }
}

fn one_or_many<S: Serializer>(texts: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match texts {
        [one] => one.serialize(serializer),
        many => many.serialize(serializer),
    }
}
