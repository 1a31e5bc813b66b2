//! What agents did through managed MCP servers to IAM policies and service control policies that let them go on doing it, and nothing
//! destructive. Never a guess: an event whose IAM action is not documented is listed as such, and nothing from a log can widen
//! what a policy lets through.

mod destructive;
mod document;
mod evidence;
mod guardrail;
mod names;
mod resources;
mod split;

pub use document::{Condition, Document, Effect, Kind, Statement, Which};
pub use evidence::{Call, Evidence, Tally};
pub use guardrail::{Basis, Guardrail, Other, Policy, Unfit, Wanted};
pub use names::actions;

#[cfg(test)]
mod tests;
