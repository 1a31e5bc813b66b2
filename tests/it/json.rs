//! A JSON reader that keeps what others lose: the spelling of numbers, the order and doubling of keys, lone surrogates.
//! It shares nothing with the program's own, so it can judge it.

use std::fmt;

/// A JSON value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// As it is spelled.
    Number(String),
    Text(Text),
    Array(Vec<Json>),
    Object(Vec<(Text, Json)>),
}

/// UTF-16 units, so that a lone surrogate is one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Text(Vec<u16>);

impl Text {
    pub(crate) fn is(&self, text: &str) -> bool {
        text.encode_utf16().eq(self.0.iter().copied())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf16_lossy(&self.0))
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(spelled) => f.write_str(spelled),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Array(elements) => f.debug_list().entries(elements).finish(),
            Self::Object(members) => f
                .debug_map()
                .entries(members.iter().map(|(k, v)| (k, v)))
                .finish(),
        }
    }
}

/// Objects that rows take apart: a null in them is the same as nothing.
const LEVELS: [&[&str]; 18] = [
    &[],
    &["userIdentity"],
    &["userIdentity", "onBehalfOf"],
    &["userIdentity", "sessionContext"],
    &["userIdentity", "sessionContext", "attributes"],
    &["userIdentity", "sessionContext", "sessionIssuer"],
    &["userIdentity", "sessionContext", "webIdFederationData"],
    &["tlsDetails"],
    &["addendum"],
    &["resources", "*"],
    &["insightDetails"],
    &["insightDetails", "insightContext"],
    &["insightDetails", "insightContext", "statistics"],
    &["insightDetails", "insightContext", "statistics", "baseline"],
    &["insightDetails", "insightContext", "statistics", "insight"],
    &["timeWindow"],
    &["summary"],
    &["summary", "primaryDimension"],
];

/// Objects that are the same as nothing where they hold nothing.
const EMPTY_IS_ABSENT: [&[&str]; 4] = [
    &["userIdentity", "sessionContext", "attributes"],
    &["userIdentity", "sessionContext", "sessionIssuer"],
    &["userIdentity", "sessionContext", "webIdFederationData"],
    &[
        "userIdentity",
        "sessionContext",
        "webIdFederationData",
        "attributes",
    ],
];

impl Json {
    /// Reads a text that is one value.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader {
            text: text.as_bytes(),
            at: 0,
        };
        let value = reader.value()?;
        reader.space();
        if reader.at == text.len() {
            Ok(value)
        } else {
            Err(format!("something follows at {}", reader.at))
        }
    }

    /// Returns the first member of that name.
    pub(crate) fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Self::Object(members) => members.iter().find(|(k, _)| k.is(key)).map(|(_, v)| v),
            _ => None,
        }
    }

    /// Returns whether half of a surrogate pair stands alone in it: engines refuse such JSON.
    pub(crate) fn has_lone_surrogate(&self) -> bool {
        let is_broken =
            |text: &Text| char::decode_utf16(text.0.iter().copied()).any(|c| c.is_err());
        match self {
            Self::Text(text) => is_broken(text),
            Self::Array(elements) => elements.iter().any(Self::has_lone_surrogate),
            Self::Object(members) => members
                .iter()
                .any(|(key, value)| is_broken(key) || value.has_lone_surrogate()),
            _ => false,
        }
    }

    /// Returns what a rebuilt record must equal: keys in order, and without what is the same as nothing.
    pub(crate) fn normal(self) -> Self {
        self.normal_at(&mut Vec::new())
    }

    fn normal_at(self, path: &mut Vec<String>) -> Self {
        match self {
            Self::Object(members) => {
                let is_level = is_among(&LEVELS, path);
                let mut kept: Vec<(Text, Json)> = Vec::new();
                for (key, value) in members {
                    path.push(String::from_utf16_lossy(&key.0));
                    let value = value.normal_at(path);
                    let is_empty = value == Self::Object(Vec::new());
                    if !(is_level && value == Self::Null
                        || is_empty && is_among(&EMPTY_IS_ABSENT, path))
                    {
                        kept.push((key, value));
                    }
                    path.pop();
                }
                kept.sort();
                Self::Object(kept)
            }
            Self::Array(elements) => {
                path.push("*".to_owned());
                let elements = elements.into_iter().map(|e| e.normal_at(path)).collect();
                path.pop();
                Self::Array(elements)
            }
            scalar => scalar,
        }
    }
}

fn is_among(list: &[&[&str]], path: &[String]) -> bool {
    list.iter().any(|item| item.iter().eq(path.iter()))
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn space(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> Result<u8, String> {
        self.space();
        self.text
            .get(self.at)
            .copied()
            .ok_or_else(|| "the text ends".to_owned())
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.peek()? == byte {
            self.at += 1;
            Ok(())
        } else {
            Err(format!("no {:?} at {}", char::from(byte), self.at))
        }
    }

    fn value(&mut self) -> Result<Json, String> {
        Ok(match self.peek()? {
            b'{' => self.object()?,
            b'[' => self.array()?,
            b'"' => Json::Text(self.string()?),
            _ => self.scalar()?,
        })
    }

    fn object(&mut self) -> Result<Json, String> {
        self.expect(b'{')?;
        let mut members = Vec::new();
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(Json::Object(members));
        }
        loop {
            self.peek()?;
            let key = self.string()?;
            self.expect(b':')?;
            members.push((key, self.value()?));
            if self.peek()? == b'}' {
                self.at += 1;
                return Ok(Json::Object(members));
            }
            self.expect(b',')?;
        }
    }

    fn array(&mut self) -> Result<Json, String> {
        self.expect(b'[')?;
        let mut elements = Vec::new();
        if self.peek()? == b']' {
            self.at += 1;
            return Ok(Json::Array(elements));
        }
        loop {
            elements.push(self.value()?);
            if self.peek()? == b']' {
                self.at += 1;
                return Ok(Json::Array(elements));
            }
            self.expect(b',')?;
        }
    }

    fn scalar(&mut self) -> Result<Json, String> {
        let rest = &self.text[self.at..];
        let length = rest
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
            .count();
        let word = String::from_utf8_lossy(&rest[..length]).into_owned();
        self.at += length;
        Ok(match word.as_str() {
            "null" => Json::Null,
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            number if number.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
                Json::Number(word)
            }
            _ => return Err(format!("{word:?} is no value, at {}", self.at)),
        })
    }

    fn string(&mut self) -> Result<Text, String> {
        self.expect(b'"')?;
        let mut units = Vec::new();
        let mut plain_from = self.at;
        loop {
            let byte = *self.text.get(self.at).ok_or("a string has no end")?;
            if byte != b'"' && byte != b'\\' {
                self.at += 1;
                continue;
            }
            let plain = std::str::from_utf8(&self.text[plain_from..self.at]);
            units.extend(plain.map_err(|e| e.to_string())?.encode_utf16());
            self.at += 1;
            if byte == b'"' {
                return Ok(Text(units));
            }
            units.push(self.escape()?);
            plain_from = self.at;
        }
    }

    fn escape(&mut self) -> Result<u16, String> {
        let letter = *self.text.get(self.at).ok_or("a string has no end")?;
        self.at += 1;
        Ok(match letter {
            b'n' => 10,
            b't' => 9,
            b'r' => 13,
            b'b' => 8,
            b'f' => 12,
            b'u' => {
                let digits = self.text.get(self.at..self.at + 4).ok_or("cut escape")?;
                self.at += 4;
                let digits = std::str::from_utf8(digits).map_err(|e| e.to_string())?;
                u16::from_str_radix(digits, 16).map_err(|e| e.to_string())?
            }
            b'"' | b'\\' | b'/' => u16::from(letter),
            _ => return Err(format!("no escape: {:?}", char::from(letter))),
        })
    }
}

#[test]
fn the_reader_keeps_what_others_lose() {
    let read = |text: &str| format!("{:?}", Json::parse(text).unwrap().normal());
    assert_eq!(
        read(r#" {"b":[1e5, 1.50,{}],"a":"\u00e9\n","a":null,"n":{"x":null}} "#),
        r#"{"a": "é\n", "b": [1e5, 1.50, {}], "n": {"x": null}}"#
    );
    assert_ne!(
        Json::parse(r#""\ud800""#).unwrap(),
        Json::parse(r#""\ufffd""#).unwrap()
    );
    let is_broken = |text: &str| Json::parse(text).unwrap().has_lone_surrogate();
    assert!(is_broken(r#"[{"\ud800":1}]"#) && is_broken(r#"{"a":["\ude00\ud83d"]}"#));
    assert!(!is_broken(r#"{"\ud83d\ude00":"\ufffd"}"#));
    for text in ["", "{", "[1,]", "{\"a\":}", "1 2", "\"\\x\"", "nul", "\"a"] {
        assert!(Json::parse(text).is_err(), "{text}");
    }
}
