//! Statements to as many policies as they need, none beyond its limit, that say together what one would.
//!
//! What allows, or denies what it names, is cut anywhere. What denies all but what it names is not: two of those deny also what
//! only one of them names. Their space of names is divided instead: each names what was seen in its own part, and all of the others'.

use std::collections::BTreeMap;

use super::document::{Document, Statement, Which};

/// Digits that statements of one name are told apart by, at most.
const SID_NUMBER_CHARS: usize = 4;

/// Puts statements into policies of so many characters at most, in order; `None` where something fits into none.
pub(super) fn pack(statements: Vec<Statement>, chars_max: usize) -> Option<Vec<Document>> {
    let is_room = |statements: &[Statement]| {
        let numbers = statements.len() * SID_NUMBER_CHARS;
        Document::new(statements.to_vec()).chars() + numbers <= chars_max
    };
    let mut policies: Vec<Vec<Statement>> = Vec::new();
    let mut left: Vec<Statement> = statements.into_iter().rev().collect();
    while let Some(statement) = left.pop() {
        if !is_room(std::slice::from_ref(&statement)) {
            left.extend(parts(&statement, chars_max)?.into_iter().rev());
            continue;
        }
        if let Some(last) = policies.last_mut() {
            last.push(statement);
            if is_room(last) {
                continue;
            }
            let statement = last.pop()?;
            policies.push(vec![statement]);
        } else {
            policies.push(vec![statement]);
        }
    }
    number(&mut policies);
    Some(policies.into_iter().map(Document::new).collect())
}

/// Gives statements of one name their numbers.
fn number(policies: &mut [Vec<Statement>]) {
    let mut of_name: BTreeMap<String, Vec<&mut Statement>> = BTreeMap::new();
    for statement in policies.iter_mut().flatten() {
        of_name
            .entry(statement.sid.clone())
            .or_default()
            .push(statement);
    }
    for statements in of_name.into_values().filter(|all| all.len() > 1) {
        for (n, statement) in (1..).zip(statements) {
            statement.sid = format!("{}{n}", statement.sid);
        }
    }
}

/// Smaller statements that say the same together.
fn parts(statement: &Statement, chars_max: usize) -> Option<Vec<Statement>> {
    let with = |which: Which, resources: &[String]| Statement {
        which,
        resources: resources.to_vec(),
        ..statement.clone()
    };
    let resources = &statement.resources;
    match &statement.which {
        Which::AllBut(names) => {
            let frame = Document::new(vec![with(Which::AllBut(Vec::new()), resources)]);
            let room = chars_max.checked_sub(frame.chars() + SID_NUMBER_CHARS)?;
            let all = divided(names, room)?;
            Some(
                all.into_iter()
                    .map(|names| with(Which::AllBut(names), resources))
                    .collect(),
            )
        }
        Which::These(names) if chars(names) >= chars(resources) && names.len() > 1 => {
            let (a, b) = names.split_at(names.len() / 2);
            let half = |names: &[String]| with(Which::These(names.to_vec()), resources);
            Some(vec![half(a), half(b)])
        }
        Which::These(_) if resources.len() > 1 => {
            let (a, b) = resources.split_at(resources.len() / 2);
            let half = |resources| with(statement.which.clone(), resources);
            Some(vec![half(a), half(b)])
        }
        Which::These(_) => None,
    }
}

/// What an element of a list takes: its text, quotation marks, a comma.
fn chars_of(text: &str) -> usize {
    text.chars().count() + 3
}

fn chars(texts: &[String]) -> usize {
    texts.iter().map(|text| chars_of(text)).sum()
}

/// Part of the space of names: what begins with a prefix, whatever its case.
struct Part {
    prefix: String,
    names: Vec<String>,
}

impl Part {
    /// What fits all of the part, and nothing outside of it.
    fn pattern(&self) -> String {
        match self.names.as_slice() {
            [name] => name.clone(),
            _ => format!("{}*", self.prefix),
        }
    }

    /// What the part takes beyond its pattern.
    fn excess(&self) -> usize {
        chars(&self.names).saturating_sub(chars_of(&self.pattern()))
    }

    /// Its parts by the next character.
    fn divided(self) -> Vec<Self> {
        let end = self.prefix.len() + 1;
        by(self.names, |name| {
            let prefix = name.get(..end).unwrap_or(name);
            prefix.to_ascii_lowercase()
        })
    }
}

/// Names by what begins them, in order.
fn by(names: Vec<String>, prefix: impl Fn(&str) -> String) -> Vec<Part> {
    let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in names {
        parts.entry(prefix(&name)).or_default().push(name);
    }
    let part = |(prefix, names)| Part { prefix, names };
    parts.into_iter().map(part).collect()
}

/// Lists of names and patterns, each within `room`, such that exactly the names are in all of them.
fn divided(names: &[String], room: usize) -> Option<Vec<Vec<String>>> {
    let service = |name: &str| {
        name.split_inclusive(':')
            .next()
            .unwrap_or(name)
            .to_ascii_lowercase()
    };
    let mut parts = by(names.to_vec(), service);
    loop {
        let patterns: usize = parts.iter().map(|part| chars_of(&part.pattern())).sum();
        let room = room.checked_sub(patterns)?;
        let Some(at) = parts.iter().position(|part| part.excess() > room) else {
            return Some(listed(&parts, room));
        };
        let part = parts.remove(at);
        // Names that differ in case alone are one to IAM, and no further character tells them apart.
        if part
            .names
            .iter()
            .all(|name| name.eq_ignore_ascii_case(&part.names[0]))
        {
            return None;
        }
        let divided = part.divided();
        parts.splice(at..at, divided);
    }
}

/// Puts parts together as long as there is room for what they take beyond their patterns; names those of others by pattern.
fn listed(parts: &[Part], room: usize) -> Vec<Vec<String>> {
    let mut groups: Vec<std::ops::Range<usize>> = Vec::new();
    let mut taken = 0;
    for (nth, part) in parts.iter().enumerate() {
        match groups.last_mut() {
            Some(group) if taken + part.excess() <= room => {
                taken += part.excess();
                group.end = nth + 1;
            }
            _ => {
                taken = part.excess();
                groups.push(nth..nth + 1);
            }
        }
    }
    let names = |group: &std::ops::Range<usize>| {
        let of_part = |(nth, part): (usize, &Part)| {
            if group.contains(&nth) {
                part.names.clone()
            } else {
                vec![part.pattern()]
            }
        };
        parts.iter().enumerate().flat_map(of_part).collect()
    };
    groups.iter().map(names).collect()
}

/// Whether a pattern of actions fits one: `*` for any characters, `?` for one, whatever the case.
pub(super) fn fits(pattern: &str, action: &str) -> bool {
    let lower = |text: &str| text.to_ascii_lowercase().into_bytes();
    wildcards(&lower(pattern), &lower(action))
}

/// Whether a pattern fits a text. Goes back to the last asterisk alone, so that no pattern takes long.
pub(super) fn wildcards(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut pos, mut asterisk) = (0, 0, None);
    while pos < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                asterisk = Some((at, pos));
                at += 1;
            }
            Some(c) if *c == b'?' || *c == text[pos] => {
                at += 1;
                pos += 1;
            }
            _ => match &mut asterisk {
                Some((back, from)) => {
                    *from += 1;
                    (at, pos) = (*back + 1, *from);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|c| *c == b'*')
}
