//! Pages of listings, read from the XML that S3 sends.
//!
//! The SDK would read them as well. It takes an element apart several times and fills a structure of which little is wanted, which cost
//! two thirds of a listing's CPU: so a page's body is kept from it, and read here in one pass.

use std::borrow::Cow;
use std::mem;
use std::sync::{Arc, Mutex};

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use memchr::memchr;

use crate::aws::answer::Answer;
use crate::aws::body::read_body;
use crate::aws::client::lock;
use crate::aws::words::percent_decoded;
use crate::limits::LIST_PAGE_BYTES_MAX;
use crate::source::object::ETag;
use crate::source::s3::words::is_archived;
use crate::source::walk::{ListedKey, Page};

/// What an answer's body is where it is a page.
const ROOT: &str = "ListBucketResult";
const CUT: &str = "it ends early";
const NO_CHARACTER: &str = "it refers to a character that there is not";

/// Takes the body of an answer that succeeded away from the SDK, which gets an empty page in its place.
#[derive(Debug, Clone, Default)]
pub(super) struct KeptBody(Arc<Mutex<Option<SdkBody>>>);

impl Intercept for KeptBody {
    fn name(&self) -> &'static str {
        "KeptBody"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response_mut();
        if answer.status().is_success() {
            let empty = SdkBody::from("<ListBucketResult/>");
            *lock(&self.0) = Some(mem::replace(answer.body_mut(), empty));
        }
        Ok(())
    }
}

impl KeptBody {
    /// Reads the page.
    ///
    /// # Errors
    ///
    /// Returns what became of the answer: it was lost on the way, is too large, or is no page.
    pub(super) async fn page(&self) -> Result<Page, Answer> {
        let body = lock(&self.0).take().unwrap_or_else(SdkBody::empty);
        let mut bytes = Vec::new();
        read_body(ByteStream::new(body), None, LIST_PAGE_BYTES_MAX, &mut bytes).await?;
        let page = str::from_utf8(&bytes).map_err(|_| "it is not UTF-8");
        page.and_then(page_of).map_err(|reason| Answer::NotS3 {
            detail: format!("the answer to a list is not one: {reason}"),
        })
    }
}

/// An element of `Contents`, as it stands.
#[derive(Default)]
struct Listed<'x> {
    key: Cow<'x, str>,
    size: u64,
    etag: Option<ETag>,
    is_archived: bool,
    is_restored: bool,
}

/// Reads a page; an error says why it is none.
fn page_of(xml: &str) -> Result<Page, &'static str> {
    let mut path = Vec::with_capacity(8);
    let (mut listed, mut folders) = (Vec::with_capacity(1_000), Vec::new());
    let (mut is_encoded, mut next, mut has_root) = (false, None, false);
    let mut current = Listed::default();
    let mut tokens = Tokens::new(xml);
    while let Some(token) = tokens.next()? {
        match (token, path.as_slice()) {
            (Token::Open(name), []) if name != ROOT || has_root => {
                return Err("its root is another");
            }
            (Token::Open(name), _) => {
                has_root = true;
                path.push(name);
            }
            (Token::Close(name), [.., open]) if name == *open => {
                if path == [ROOT, "Contents"] {
                    listed.push(mem::take(&mut current));
                }
                path.pop();
            }
            (Token::Close(_), _) => return Err("its elements do not nest"),
            (Token::Text(text), [_, "Contents", name]) => match *name {
                "Key" => current.key = unescaped(text)?,
                "Size" => current.size = text.parse().map_err(|_| "a size is no number")?,
                "ETag" => current.etag = Some(ETag::new(&unescaped(text)?)),
                "StorageClass" => current.is_archived = is_archived(text),
                _ => {}
            },
            (Token::Text(_), [_, "Contents", "RestoreStatus", "RestoreExpiryDate"]) => {
                current.is_restored = true;
            }
            (Token::Text(text), [_, "CommonPrefixes", "Prefix"]) => folders.push(unescaped(text)?),
            (Token::Text(text), [_, "NextContinuationToken"]) => {
                next = Some(unescaped(text)?.into_owned());
            }
            (Token::Text(text), [_, "EncodingType"]) => is_encoded = text == "url",
            (Token::Text(_), _) => {}
        }
    }
    if !has_root || !path.is_empty() {
        return Err(CUT);
    }
    let decode = |text: Cow<'_, str>| {
        if is_encoded {
            percent_decoded(&text)
        } else {
            text.into_owned()
        }
    };
    let key = |listed: Listed<'_>| ListedKey {
        key: decode(listed.key),
        size: listed.size,
        etag: listed.etag,
        archived: listed.is_archived && !listed.is_restored,
    };
    Ok(Page {
        keys: listed.into_iter().map(key).collect(),
        folders: folders.into_iter().map(decode).collect(),
        next,
    })
}

/// XML as S3 writes it: elements and text, without sections or a document type.
struct Tokens<'x> {
    rest: &'x str,
    /// An element without content that was opened last.
    empty: Option<&'x str>,
}

enum Token<'x> {
    Open(&'x str),
    Close(&'x str),
    /// Between two tags, where there is any.
    Text(&'x str),
}

impl<'x> Tokens<'x> {
    fn new(xml: &'x str) -> Self {
        Self {
            rest: xml,
            empty: None,
        }
    }

    fn next(&mut self) -> Result<Option<Token<'x>>, &'static str> {
        if let Some(name) = self.empty.take() {
            return Ok(Some(Token::Close(name)));
        }
        while !self.rest.is_empty() {
            let Some(tag) = self.rest.strip_prefix('<') else {
                let end = memchr(b'<', self.rest.as_bytes()).unwrap_or(self.rest.len());
                let (text, rest) = self.rest.split_at(end);
                self.rest = rest;
                return Ok(Some(Token::Text(text)));
            };
            let end = memchr(b'>', tag.as_bytes()).ok_or(CUT)?;
            let tag = &tag[..end];
            self.rest = &self.rest[end + 2..];
            match tag.as_bytes().first() {
                Some(b'?') => {} // a declaration
                Some(b'!') => return Err("it has a section that is no element"),
                Some(b'/') => return Ok(Some(Token::Close(name_of(&tag[1..])))),
                _ => {
                    self.empty = tag.strip_suffix('/').map(name_of);
                    return Ok(Some(Token::Open(name_of(tag.trim_end_matches('/')))));
                }
            }
        }
        Ok(None)
    }
}

/// The name in a tag, before its attributes.
fn name_of(tag: &str) -> &str {
    tag.split_ascii_whitespace().next().unwrap_or_default()
}

/// A text with the characters that it refers to.
fn unescaped(text: &str) -> Result<Cow<'_, str>, &'static str> {
    if memchr(b'&', text.as_bytes()).is_none() {
        return Ok(Cow::Borrowed(text));
    }
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (reference, behind) = part.split_once(';').ok_or(NO_CHARACTER)?;
        plain.push(character(reference).ok_or(NO_CHARACTER)?);
        plain.push_str(behind);
    }
    Ok(Cow::Owned(plain))
}

fn character(reference: &str) -> Option<char> {
    match reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = reference.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(xml: &str) -> Vec<String> {
        let page = page_of(xml).expect("a page");
        page.keys.into_iter().map(|key| key.key).collect()
    }

    #[test]
    fn a_page_is_read() {
        let page = page_of(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>logs</Name><Prefix/><MaxKeys>1000</MaxKeys>
  <NextContinuationToken>1&amp;2==</NextContinuationToken><EncodingType>url</EncodingType>
  <Contents>
    <Key>a+b%2Bc</Key><LastModified>2026-08-01T00:00:00.000Z</LastModified><Size>12</Size><StorageClass>GLACIER</StorageClass>
    <ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Owner><ID>Key</ID><DisplayName>x</DisplayName></Owner>
  </Contents>
  <Contents><Key>d</Key><Size>7</Size><StorageClass>GLACIER</StorageClass>
    <RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress><RestoreExpiryDate>2026-09-01T00:00:00Z</RestoreExpiryDate></RestoreStatus>
  </Contents>
  <CommonPrefixes><Prefix>AWSLogs/</Prefix></CommonPrefixes>
</ListBucketResult>"#,
        )
        .expect("a page");
        let [first, second] = &page.keys[..] else {
            panic!("{page:?}");
        };
        assert_eq!(
            (first.key.as_str(), first.size, first.archived),
            ("a b+c", 12, true)
        );
        assert_eq!(
            first.etag,
            Some(ETag::new("d41d8cd98f00b204e9800998ecf8427e"))
        );
        assert_eq!(
            (second.key.as_str(), second.size, second.archived),
            ("d", 7, false)
        );
        assert_eq!(second.etag, None);
        assert_eq!(
            (page.folders, page.next),
            (vec!["AWSLogs/".to_owned()], Some("1&2==".to_owned()))
        );
    }

    #[test]
    fn keys_are_as_they_were_written() {
        let of = |key: &str, rest: &str| {
            keys(&format!(
                "<ListBucketResult><Contents><Key>{key}</Key></Contents>{rest}</ListBucketResult>"
            ))
        };
        assert_eq!(of("a+b%2B", ""), ["a+b%2B"]);
        assert_eq!(of("a+b%2B", "<EncodingType>url</EncodingType>"), ["a b+"]);
        assert_eq!(of("&lt;&#38;&#x6771;&apos;&gt;", ""), ["<&東'>"]);
        assert_eq!(keys("<ListBucketResult/>"), [""; 0]);
    }

    #[test]
    fn what_is_no_page_is_told() {
        for text in [
            "",
            "hello",
            "<html><body>hello</body></html>",
            "<Error><Code>InternalError</Code></Error>",
            "<ListBucketResult>",
            "<ListBucketResult><Contents></ListBucketResult>",
            "<ListBucketResult></ListBucketResult><ListBucketResult/>",
            "<ListBucketResult><Contents><Key>&nbsp;</Key></Contents></ListBucketResult>",
            "<ListBucketResult><Contents><Key>&#xd800;</Key></Contents></ListBucketResult>",
            "<ListBucketResult><Contents><Size>many</Size></Contents></ListBucketResult>",
            "<ListBucketResult><![CDATA[x]]></ListBucketResult>",
        ] {
            assert!(page_of(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_key_comes_back(key in "[ -~\u{80}-\u{10ffff}]{1,40}", parts in prop::collection::vec(any::<prop::sample::Index>(), 0..3)) {
            let escaped: String = key
                .chars()
                .map(|c| if "<>&".contains(c) { format!("&#{};", u32::from(c)) } else { c.to_string() })
                .collect();
            let page = format!("<ListBucketResult><Contents><Key>{escaped}</Key></Contents></ListBucketResult>");
            prop_assert_eq!(keys(&page), [key]);
            for part in parts {
                let end = page.floor_char_boundary(part.index(page.len()));
                prop_assert!(page_of(&page[..end]).is_err(), "it was cut");
            }
        }
    }
}
