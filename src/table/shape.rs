//! Where each member of a record goes: one list per table, from which rows are rebuilt to records, and
//! by which the records of the rarer tables are taken apart.

use std::collections::{HashMap, HashSet};

use crate::trail::json::Value;
use crate::trail::record::as_bool;
use crate::trail::{scan, time};

use super::chunk::Chunk;

/// How a column's value is written in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A string.
    Text,
    /// A time as CloudTrail writes it.
    Time,
    /// `true` or `false`.
    Bool,
    /// `"true"` or `"false"`.
    BoolText,
    /// A number without a fraction.
    Int,
    /// A number.
    Double,
    /// The value's own text.
    Json,
    /// CloudTrail's `resources`.
    Resources,
    /// The statistics of an aggregated event: a row each. Left to the table, which has rows to write them to.
    Statistics,
}

/// A member of a record and its column.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// The names that lead to it.
    pub path: &'static [&'static str],
    /// The column, by place in the table.
    pub column: usize,
    /// How it is written.
    pub form: Form,
}

/// The members that have columns, in the order in which records are rebuilt.
pub type Shape = &'static [Member];

/// What taking a record apart left over.
#[derive(Debug, Default)]
pub struct Rest<'a> {
    /// True where columns and extra would not give the record back.
    pub irregular: bool,
    /// Members without a column: path, key, text.
    pub extra: Extra<'a>,
    /// What is left to the table: more than one where a name stands twice.
    pub statistics: Vec<Value<'a>>,
}

/// Writes the members of a record to their columns; the row is not ended.
pub fn take_apart<'a>(chunk: &mut Chunk, root: Value<'a>, shape: Shape) -> Rest<'a> {
    let mut rest = Rest::default();
    walk(chunk, root, shape, &mut Vec::new(), &mut rest);
    rest
}

fn walk<'a>(
    chunk: &mut Chunk,
    value: Value<'a>,
    shape: Shape,
    path: &mut Vec<&'a str>,
    rest: &mut Rest<'a>,
) {
    let mut met = HashSet::new();
    for (key, value) in value.members().filter(|(_, value)| !value.is_null()) {
        rest.irregular |= !met.insert(key); // two of a name would become one
        path.push(key);
        if let Some(member) = shape.iter().find(|member| member.path == path.as_slice()) {
            if member.form == Form::Statistics {
                rest.statistics.push(value);
            } else {
                rest.irregular |= !write(chunk, member, value);
            }
        } else if value.is_object() && shape.iter().any(|member| member.path.starts_with(path)) {
            walk(chunk, value, shape, path, rest);
        } else {
            rest.irregular |= !rest.extra.add(path, value.raw());
        }
        path.pop();
    }
    if met.is_empty() && !path.is_empty() {
        rest.irregular |= !rest.extra.add(path, "{}");
    }
}

/// Writes a value to its column. Returns false where the column will not give it back.
fn write(chunk: &mut Chunk, member: &Member, value: Value<'_>) -> bool {
    let column = member.column;
    match member.form {
        Form::Text => match value.as_str() {
            Some(text) => chunk.text(column, text),
            None => false,
        },
        Form::Time => match value.as_str().and_then(time::parse) {
            Some(time) => chunk.int(column, time) && value.as_str().is_some_and(time::is_plain),
            None => false,
        },
        Form::Bool => {
            as_bool(value).is_some_and(|b| chunk.bool(column, b)) && value.as_bool().is_some()
        }
        Form::BoolText => {
            as_bool(value).is_some_and(|b| chunk.bool(column, b))
                && matches!(value.as_str(), Some("true" | "false"))
        }
        Form::Int => match value.raw().parse::<i64>() {
            Ok(number) => chunk.int(column, number) && number.to_string() == value.raw(),
            Err(_) => false,
        },
        Form::Double => match value.raw().parse::<f64>() {
            Ok(number) if value.is_number() && number.is_finite() => {
                chunk.double(column, number) && double_text(number).as_deref() == Some(value.raw())
            }
            _ => false,
        },
        Form::Json => chunk.text(column, value.raw()),
        Form::Resources | Form::Statistics => false,
    }
}

/// Returns a number as rebuilt records have it; `None` for what JSON has no text for.
pub fn double_text(number: f64) -> Option<String> {
    Some(serde_json::Number::from_f64(number)?.to_string())
}

/// Members that have no column, with where they stood.
#[derive(Debug, Default)]
pub struct Extra<'a> {
    items: Vec<(Vec<&'a str>, &'a str)>,
    /// The paths, once there are many: a record of 4 MiB can have 400,000 members.
    paths: HashSet<Vec<&'a str>>,
}

/// So few paths are rather compared.
const PATHS_FEW: usize = 32;

impl<'a> Extra<'a> {
    /// Adds a member by its path. Returns false where that path has one already.
    pub fn add(&mut self, path: &[&'a str], raw: &'a str) -> bool {
        let is_first = self.is_new(path);
        self.items.push((path.to_vec(), raw));
        is_first
    }

    fn is_new(&mut self, path: &[&'a str]) -> bool {
        if self.items.len() < PATHS_FEW {
            return self.items.iter().all(|(other, _)| other != path);
        }
        if self.paths.is_empty() {
            self.paths = self.items.iter().map(|(path, _)| path.clone()).collect();
        }
        self.paths.insert(path.to_vec())
    }

    /// Returns true where there is nothing.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns the members as one JSON object, nested as they were.
    pub fn to_json(&self) -> String {
        let mut tree = Tree::default();
        for (path, raw) in &self.items {
            let keys: Vec<String> = path.iter().map(|key| quoted(key)).collect();
            tree.insert(&keys, (*raw).to_owned());
        }
        tree.to_json()
    }
}

/// A JSON object under construction; keys are kept as they are written, with quotes.
#[derive(Debug, Default)]
pub struct Tree {
    members: Vec<(String, Node)>,
    /// The places of those that are objects.
    objects: HashMap<String, usize>,
}

#[derive(Debug)]
enum Node {
    Text(String),
    Object(Tree),
}

impl Tree {
    /// Puts a text at the end of a path of keys.
    pub fn insert(&mut self, path: &[String], text: String) {
        let [key, deeper @ ..] = path else { return };
        if deeper.is_empty() {
            self.members.push((key.clone(), Node::Text(text)));
            return;
        }
        self.child(key).insert(deeper, text);
    }

    /// Adds the members of a JSON object; where both have an object, that one's members to this one's.
    pub fn merge(&mut self, object: &str) {
        let text = object.as_bytes();
        for (key, range) in scan::members(text, scan::skip_space(text, 0)) {
            let key = format!("\"{}\"", String::from_utf8_lossy(key));
            let value = &object[range];
            if value.starts_with('{') && self.objects.contains_key(&key) {
                self.child(&key).merge(value);
            } else {
                self.members.push((key, Node::Text(value.to_owned())));
            }
        }
    }

    fn child(&mut self, key: &str) -> &mut Tree {
        let Self { members, objects } = self;
        let place = objects.get(key).copied().unwrap_or_else(|| {
            members.push((key.to_owned(), Node::Object(Self::default())));
            objects.insert(key.to_owned(), members.len() - 1);
            members.len() - 1
        });
        match &mut members[place].1 {
            Node::Object(tree) => tree,
            Node::Text(_) => unreachable!("the place of an object"),
        }
    }

    /// Returns the object as JSON.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        let mut separator = '{';
        for (key, node) in &self.members {
            out.push(separator);
            out.push_str(key);
            out.push(':');
            match node {
                Node::Text(text) => out.push_str(text),
                Node::Object(tree) => tree.write(out),
            }
            separator = ',';
        }
        if separator == '{' {
            out.push('{');
        }
        out.push('}');
    }
}

/// Returns a string as JSON writes it.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::insights;
    use crate::trail::json::Parser;

    #[test]
    fn a_path_that_comes_again_is_told_among_few_and_many() {
        let keys: Vec<String> = (0..3 * PATHS_FEW).map(|n| n.to_string()).collect();
        for n_keys in [1, PATHS_FEW - 1, PATHS_FEW, 3 * PATHS_FEW] {
            let mut extra = Extra::default();
            for key in &keys[..n_keys] {
                assert!(extra.add(&["userIdentity", key], "1"));
            }
            for key in &keys[..n_keys] {
                assert!(!extra.add(&["userIdentity", key], "2"), "{key} of {n_keys}");
                assert!(!extra.add(&["userIdentity", key], "3"), "{key} of {n_keys}");
            }
        }
    }

    /// Looking at all members before for each of them would take minutes.
    #[test]
    fn many_members_cost_no_more_than_their_length() {
        const MEMBERS: usize = 200_000;
        let members: Vec<String> = (0..MEMBERS).map(|n| format!("\"m{n}\":1")).collect();
        let text = format!("{{{}}}", members.join(","));
        let shape: Shape = &[];
        let mut chunk = Chunk::new(&insights::TABLE);
        let is_irregular = Parser::default()
            .parse(&text, |root| take_apart(&mut chunk, root, shape).irregular)
            .expect("is JSON");
        assert!(!is_irregular);

        let mut tree = Tree::default();
        for member in members {
            tree.insert(&["\"object\"".into(), member.clone()], "2".into());
            tree.insert(&[member], "3".into());
        }
        let object = r#"{"object":{"a":1}}"#;
        tree.merge(object);
        assert_eq!(tree.members.len(), MEMBERS + 1);
    }

    #[test]
    fn objects_of_a_name_become_one() {
        let mut tree = Tree::default();
        let path = |keys: &[&str]| keys.iter().map(|key| quoted(key)).collect::<Vec<_>>();
        tree.insert(&path(&["a", "b"]), "1".into());
        tree.insert(&path(&["c"]), "2".into());
        tree.insert(&path(&["a", "d"]), "3".into());
        tree.merge(r#"{"a":{"e":4},"c":5,"f":{"g":6}}"#);
        let expected = r#"{"a":{"b":1,"d":3,"e":4},"c":2,"c":5,"f":{"g":6}}"#;
        assert_eq!(tree.to_json(), expected);
    }
}
