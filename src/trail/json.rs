//! JSON text to values that know both what they hold and the very bytes they were written in.
//!
//! simd-json makes the tape and unescapes strings in place, which spoils the text; so it works on a
//! copy, and because a string stays where it stood, the address of a key leads back to the place in
//! the original. That is how nested values are stored byte for byte without being written again.

use std::mem;

use simd_json::{Buffers, Node, StaticNode, Tape};

use super::scan;
use crate::limits;

/// Parses one text after another with the same memory.
pub struct Parser {
    buffers: Buffers,
    tape: Tape<'static>,
    /// The copy that simd-json unescapes, with its padding.
    work: Vec<u8>,
    /// What may be kept from one text to the next.
    kept_bytes: usize,
}

/// What parsing a text takes at most for each of its bytes: `1,1,…` is a value for two.
pub const PARSE_BYTES_OF_BYTE: usize = COPIES + limits::PARSE_NODE_BYTES / 2;
/// The copy that is unescaped, room to do it, what has to be mended, and what is mended of it.
const COPIES: usize = 4;

/// Returns how many bytes parsing a text takes: every value and every key stands behind one of four characters.
pub fn parse_bytes(text: &[u8]) -> usize {
    // `{` is `[` with a bit more. A part is short enough to be counted in bytes, which many of are counted at once.
    let begins = |byte: &u8| u8::from(*byte == b',' || *byte == b':' || *byte | 0x20 == b'{');
    let count = |part: &[u8]| usize::from(part.iter().map(begins).sum::<u8>());
    let nodes: usize = text.chunks(192).map(count).sum();
    COPIES * text.len() + limits::PARSE_NODE_BYTES * nodes
}

impl std::fmt::Debug for Parser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parser")
            .field("work_bytes", &self.work.capacity())
            .finish_non_exhaustive()
    }
}

impl Default for Parser {
    fn default() -> Self {
        Self {
            buffers: Buffers::with_max_depth(0, limits::JSON_DEPTH_MAX),
            tape: Tape::null(),
            work: Vec::new(),
            kept_bytes: limits::REUSED_BYTES_MAX,
        }
    }
}

impl Parser {
    /// Returns a parser that keeps no more than so many bytes from one text to the next.
    pub fn keeping(kept_bytes: usize) -> Self {
        Self {
            kept_bytes,
            ..Self::default()
        }
    }

    /// Parses `text` and hands its root to `read`.
    ///
    /// # Errors
    ///
    /// Returns simd-json's verdict where `text` is no JSON, is nested too deep, or holds what the parser does not
    /// take though the grammar has it (a lone surrogate, a 25-digit integer).
    pub fn parse<T>(
        &mut self,
        text: &str,
        read: impl FnOnce(Value<'_>) -> T,
    ) -> Result<T, simd_json::Error> {
        self.work.clear();
        self.work.extend_from_slice(text.as_bytes());
        self.parse_work(text, read)
    }

    /// Parses the elements of an array, `text` having a bracket or a comma before them and behind them, and hands the array to `read`.
    ///
    /// # Errors
    ///
    /// As [`Parser::parse`].
    pub fn parse_elements<T>(
        &mut self,
        text: &str,
        read: impl FnOnce(Value<'_>) -> T,
    ) -> Result<T, simd_json::Error> {
        self.work.clear();
        self.work.extend_from_slice(text.as_bytes());
        if let [first, .., last] = self.work.as_mut_slice() {
            (*first, *last) = (b'[', b']');
        }
        self.parse_work(text, read)
    }

    /// Parses `mended`, which has the length of `text`, in its own memory, and hands out values whose raw text is that of `text`.
    ///
    /// # Errors
    ///
    /// As [`Parser::parse`].
    pub fn parse_mended<T>(
        &mut self,
        text: &str,
        mended: Vec<u8>,
        read: impl FnOnce(Value<'_>) -> T,
    ) -> Result<T, simd_json::Error> {
        self.work = mended;
        self.parse_work(text, read)
    }

    fn parse_work<T>(
        &mut self,
        text: &str,
        read: impl FnOnce(Value<'_>) -> T,
    ) -> Result<T, simd_json::Error> {
        let length = self.work.len();
        debug_assert_eq!(text.len(), length);
        self.work.resize(length + simd_json::INPUT_PADDING, 0);
        let base = self.work.as_ptr().addr();
        let mut tape = mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let outcome =
            simd_json::fill_tape_padded(&mut self.work, length, &mut self.buffers, &mut tape);
        let outcome = outcome.map(|()| {
            let document = Document { text, base };
            read(document.root(&tape.0))
        });
        self.tape = tape.reset();
        self.shrink();
        outcome
    }

    /// Gives back what one large text left behind.
    fn shrink(&mut self) {
        let bytes = 2 * self.work.capacity() + limits::PARSE_NODE_BYTES * self.tape.0.capacity();
        if bytes > self.kept_bytes {
            *self = Self::keeping(self.kept_bytes);
        }
    }
}

/// A text and the address of the copy that was parsed.
#[derive(Debug, Clone, Copy)]
struct Document<'a> {
    text: &'a str,
    base: usize,
}

impl<'a> Document<'a> {
    fn root(&'a self, nodes: &'a [Node<'a>]) -> Value<'a> {
        let start = scan::skip_space(self.text.as_bytes(), 0);
        let end = scan::trim_end(self.text.as_bytes(), self.text.len());
        Value {
            document: self,
            nodes,
            place: Place::Known(start, end),
        }
    }

    /// The place of a string of the tape: behind its opening quote.
    fn offset(&self, string: &str) -> usize {
        string.as_ptr().addr() - self.base
    }
}

/// One JSON value: what it holds, and its original text.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a> {
    document: &'a Document<'a>,
    nodes: &'a [Node<'a>],
    place: Place<'a>,
}

/// Where a value stands in the text. Most are never asked, so a member's place is found when it is.
#[derive(Debug, Clone, Copy)]
enum Place<'a> {
    /// Its first byte, and the place behind its last.
    Known(usize, usize),
    /// Behind this key, and before the place of the next key's quote or of the object's closing brace.
    Behind(&'a str, usize),
}

impl<'a> Value<'a> {
    /// Returns the value's own bytes as they stand in the record.
    pub fn raw(self) -> &'a str {
        &self.document.text[self.start()..self.end()]
    }

    /// Returns the place of the value's first byte in the text.
    pub fn start(self) -> usize {
        match self.place {
            Place::Known(start, _) => start,
            Place::Behind(key, _) => {
                let text = self.document.text.as_bytes();
                value_start(text, self.document.offset(key), key)
            }
        }
    }

    fn end(self) -> usize {
        let text = self.document.text.as_bytes();
        match self.place {
            Place::Known(_, end) => end,
            Place::Behind(_, next) if text[next] == b'"' => before_comma(text, next),
            Place::Behind(_, next) => scan::trim_end(text, next),
        }
    }

    /// Returns the text of a string, unescaped.
    pub fn as_str(self) -> Option<&'a str> {
        match self.nodes.first() {
            Some(Node::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Returns the value of a boolean.
    pub fn as_bool(self) -> Option<bool> {
        match self.nodes.first() {
            Some(Node::Static(StaticNode::Bool(value))) => Some(*value),
            _ => None,
        }
    }

    /// Returns true for `null`.
    pub fn is_null(self) -> bool {
        matches!(self.nodes.first(), Some(Node::Static(StaticNode::Null)))
    }

    /// Returns true for an object.
    pub fn is_object(self) -> bool {
        matches!(self.nodes.first(), Some(Node::Object { .. }))
    }

    /// Returns true for an array.
    pub fn is_array(self) -> bool {
        matches!(self.nodes.first(), Some(Node::Array { .. }))
    }

    /// Returns true for a number.
    pub fn is_number(self) -> bool {
        matches!(
            self.nodes.first(),
            Some(Node::Static(
                StaticNode::I64(_) | StaticNode::U64(_) | StaticNode::F64(_)
            ))
        )
    }

    /// Returns the number of members or elements; 0 for a scalar.
    pub fn len(self) -> usize {
        match self.nodes.first() {
            Some(Node::Object { len, .. } | Node::Array { len, .. }) => *len,
            _ => 0,
        }
    }

    /// Returns true for a scalar and for an object or array that holds nothing.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Returns the value of the first member of that name.
    pub fn get(self, key: &str) -> Option<Value<'a>> {
        self.members()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }

    /// Returns the value at the end of a path of member names.
    pub fn path(self, keys: &[&str]) -> Option<Value<'a>> {
        keys.iter().try_fold(self, |value, key| value.get(key))
    }

    /// Returns the members of an object, in order; none of anything else.
    pub fn members(self) -> Members<'a> {
        let nodes = if self.is_object() {
            &self.nodes[1..]
        } else {
            &[]
        };
        Members {
            document: self.document,
            nodes,
            end: if nodes.is_empty() { 0 } else { self.end() - 1 },
        }
    }

    /// Returns the elements of an array, in order; none of anything else.
    pub fn elements(self) -> Elements<'a> {
        let nodes = if self.is_array() {
            &self.nodes[1..]
        } else {
            &[]
        };
        Elements {
            document: self.document,
            nodes,
            at: if nodes.is_empty() {
                0
            } else {
                self.start() + 1
            },
        }
    }

    /// Returns the elements of an array whose every element is an object with a member, the end of each found from
    /// the key that follows it instead of by going through its text; `None` for any other array.
    pub fn objects(self) -> Option<Vec<Value<'a>>> {
        let text = self.document.text.as_bytes();
        let mut found: Vec<Value<'a>> = Vec::with_capacity(self.len());
        let mut nodes = if self.is_array() {
            &self.nodes[1..]
        } else {
            return None;
        };
        let ends_before = |found: &mut Vec<Value<'a>>, place| {
            if let Some(Place::Known(_, end)) = found.last_mut().map(|last| &mut last.place) {
                *end = scan::trim_end(text, place);
            }
        };
        while !nodes.is_empty() {
            let (own, rest) = nodes.split_at(node_count(nodes)?);
            let [Node::Object { .. }, Node::String(first_key), ..] = own else {
                return None;
            };
            let quote = self.document.offset(first_key) - 1;
            let brace = scan::trim_end(text, quote) - 1;
            ends_before(&mut found, scan::trim_end(text, brace) - 1);
            found.push(Value {
                document: self.document,
                nodes: own,
                place: Place::Known(brace, brace),
            });
            nodes = rest;
        }
        ends_before(&mut found, self.end() - 1);
        Some(found)
    }
}

/// How many nodes of the tape the value at its start takes.
fn node_count(nodes: &[Node<'_>]) -> Option<usize> {
    Some(match nodes.first()? {
        Node::Object { count, .. } | Node::Array { count, .. } => *count + 1,
        Node::String(_) | Node::Static(_) => 1,
    })
}

/// See [`Value::members`].
#[derive(Debug, Clone)]
pub struct Members<'a> {
    document: &'a Document<'a>,
    nodes: &'a [Node<'a>],
    /// The place of the object's closing brace.
    end: usize,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (Node::String(key), rest) = self.nodes.split_first()? else {
            return None;
        };
        let (nodes, rest) = rest.split_at(node_count(rest)?);
        self.nodes = rest;
        let next = match rest.first() {
            Some(Node::String(next)) => self.document.offset(next) - 1,
            _ => self.end,
        };
        Some((
            key,
            Value {
                document: self.document,
                nodes,
                place: Place::Behind(key, next),
            },
        ))
    }
}

/// The place of the value that belongs to the key at `key_at` (behind its quote).
#[inline]
fn value_start(text: &[u8], key_at: usize, key: &str) -> usize {
    // A quote that no backslash stands before ends the key, and nearly always it stands where the unescaped key ends.
    let plain_end = key_at + key.len();
    if text[plain_end] == b'"' && text[plain_end - 1] != b'\\' {
        match text.get(plain_end + 1..plain_end + 3) {
            Some([b':', first]) if !scan::is_space(*first) => plain_end + 2,
            _ => behind_colon(text, plain_end + 1),
        }
    } else {
        behind_colon(
            text,
            scan::string_end(text, key_at - 1).unwrap_or(text.len()),
        )
    }
}

fn behind_colon(text: &[u8], at: usize) -> usize {
    scan::skip_space(text, scan::skip_space(text, at) + 1)
}

/// The end of the value that stands before the comma before `at`.
#[inline]
fn before_comma(text: &[u8], at: usize) -> usize {
    match text[at - 2..at] {
        [last, b','] if !scan::is_space(last) => at - 1,
        _ => scan::trim_end(text, scan::trim_end(text, at) - 1),
    }
}

/// See [`Value::elements`].
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    document: &'a Document<'a>,
    nodes: &'a [Node<'a>],
    /// A place before the next element, behind all of the one before it.
    at: usize,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (nodes, rest) = self.nodes.split_at(node_count(self.nodes)?);
        let text = self.document.text.as_bytes();
        let start = scan::skip_space(text, self.at);
        let end = scan::value_end(text, start)?;
        self.nodes = rest;
        self.at = scan::skip_space(text, end) + 1; // behind the comma
        Some(Value {
            document: self.document,
            nodes,
            place: Place::Known(start, end),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Writes a value again from its parts and compares every part's raw text with it.
    fn rebuild(value: Value<'_>) -> serde_json::Value {
        let built = if value.is_object() {
            value
                .members()
                .map(|(key, value)| (key.to_owned(), rebuild(value)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        } else if value.is_array() {
            value.elements().map(rebuild).collect::<Vec<_>>().into()
        } else if let Some(text) = value.as_str() {
            text.into()
        } else {
            serde_json::from_str(value.raw()).expect("a scalar")
        };
        assert_eq!(
            built,
            serde_json::from_str::<serde_json::Value>(value.raw()).expect("raw text is JSON")
        );
        built
    }

    fn check(text: &str) {
        let expected: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let built = Parser::default().parse(text, rebuild).expect("JSON");
        assert_eq!(built, expected, "{text}");
    }

    #[test]
    fn raw_text_of_every_part() {
        check(r#"{"a":{"b":[1, 2.50,{"c":"d"}]},"e":null}"#);
        check(" { \"a\" : [ ] , \"b\" : { } ,\n\"\" : \"\" } ");
        check(r#"{"a\"b":1,"\\":{"\\\"":[true,"\"]}"]},"\u0041\\\"\"":"x"}"#);
        check(r#"[[],[[]],{"a":{}}]"#);
        check(r#""x""#);
    }

    #[test]
    fn objects_of_an_array_with_their_text() {
        let text = r#"{"Records": [ {"a":1} , { "b" : [{"c":"}"}] },{"d":2}  ] }"#;
        let raw = Parser::default().parse(text, |root| {
            let objects = root
                .get("Records")
                .and_then(Value::objects)
                .expect("objects");
            objects
                .into_iter()
                .map(|value| value.raw().to_owned())
                .collect::<Vec<_>>()
        });
        assert_eq!(
            raw.expect("JSON"),
            [r#"{"a":1}"#, r#"{ "b" : [{"c":"}"}] }"#, r#"{"d":2}"#]
        );
        for text in ["[1]", r#"[{"a":1},{}]"#, r#"[{"a":1},2]"#, "{}"] {
            assert!(
                Parser::default()
                    .parse(text, |root| root.objects().is_none())
                    .expect("JSON"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_parsing_takes_is_known_before() {
        for text in ["[1,1,1,1]", "[[],[],[]]", r#"{"":1,"a":{"b":"c"}}"#, "1"] {
            let mut parser = Parser::default();
            parser.parse(text, |_| ()).expect("JSON");
            let bytes = parse_bytes(text.as_bytes());
            let nodes = simd_json::to_tape(&mut text.as_bytes().to_vec())
                .expect("JSON")
                .0
                .len();
            assert!(
                bytes + limits::PARSE_NODE_BYTES >= limits::PARSE_NODE_BYTES * nodes,
                "{text}"
            );
            assert!(
                bytes <= PARSE_BYTES_OF_BYTE * text.len() + limits::PARSE_NODE_BYTES,
                "{text}"
            );
        }
        let long = format!("[{}1]", "1,".repeat(100_000));
        let mut parser = Parser::keeping(1 << 20);
        parser.parse(&long, |_| ()).expect("JSON");
        assert!(
            parser.tape.0.capacity() <= 1,
            "what grew beyond that is given back"
        );
        assert!(parse_bytes(long.as_bytes()) > 100_000 * limits::PARSE_NODE_BYTES);
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i32>().prop_map(Into::into),
            "[ -~\"\\\\\n\u{e9}]{0,8}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                prop::collection::hash_map("[a-c\"\\\\\n]{0,3}", inner, 0..5)
                    .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_value_is_rebuilt(value in any_json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            check(&text.expect("serializes"));
        }
    }
}
