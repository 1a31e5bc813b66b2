//! The report's JSON for the page: small, and with nothing in it that a browser could take for markup.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::answers::document::Report;
use crate::escape;
use crate::limits;

/// The report's JSON, packed, and with so few rows of each list that the page is of a size to be sent around.
pub(super) fn data(report: &Report) -> String {
    let value = serde_json::to_value(report).expect("the types of the document are JSON's");
    let mut rows_max = limits::REPORT_DAYS_MAX;
    loop {
        let data = inert(&packed(&value, rows_max).to_string());
        if data.len() <= limits::REPORT_PAGE_DATA_BYTES_MAX || rows_max <= 1 {
            return data;
        }
        rows_max = rows_max * 3 / 4;
    }
}

/// Returns the document with its lists by column, as [`columns()`] says, and texts in them that come again once, in a new field
/// `texts`: instead of such a text there stands its number there, in an array.
pub(super) fn packed(document: &Value, rows_max: usize) -> Value {
    let mut packed = columns(document, rows_max);
    let mut uses = HashMap::new();
    each_text(&mut packed, &mut |text| {
        if let Value::String(text) = text {
            *uses.entry(text.clone()).or_insert(0) += 1;
        }
    });
    let mut texts: Vec<String> = Vec::new();
    let mut numbers = HashMap::new();
    each_text(&mut packed, &mut |cell| {
        let Value::String(text) = cell else { return };
        if uses[text] > 1 && text.len() > TEXT_WORTH_A_NUMBER {
            let number = *numbers.entry(text.clone()).or_insert_with(|| {
                texts.push(text.clone());
                texts.len() - 1
            });
            *cell = Value::from(vec![number]);
        }
    });
    packed["texts"] = Value::from(texts);
    packed
}

/// Texts that are not longer than a number in brackets stay.
const TEXT_WORTH_A_NUMBER: usize = 6;

/// Gives each cell of each list that is a text.
fn each_text(value: &mut Value, give: &mut impl FnMut(&mut Value)) {
    let Value::Object(fields) = value else { return };
    match (fields.contains_key("columns"), fields.get_mut("rows")) {
        (true, Some(Value::Array(rows))) => {
            let cells = rows.iter_mut().filter_map(Value::as_array_mut).flatten();
            cells.filter(|cell| cell.is_string()).for_each(give);
        }
        _ => fields.values_mut().for_each(|field| each_text(field, give)),
    }
}

/// Returns the value with each list `{"rows": [{…}, …], "left_out": n, …}` as `{"columns": […], "rows": [[…], …], "left_out": n, …}`: the
/// names once. Rows beyond so many are left out and counted.
pub(super) fn columns(value: &Value, rows_max: usize) -> Value {
    let Value::Object(fields) = value else {
        return value.clone();
    };
    let (Some(Value::Array(rows)), Some(left_out)) = (fields.get("rows"), fields.get("left_out"))
    else {
        return fields
            .iter()
            .map(|(name, value)| (name.clone(), columns(value, rows_max)))
            .collect();
    };
    let kept = &rows[..rows.len().min(rows_max)];
    let names: Vec<&String> = kept
        .first()
        .and_then(Value::as_object)
        .map_or_else(Vec::new, |row| row.keys().collect());
    let cells = |row: &Value| -> Value {
        names
            .iter()
            .map(|name| row[name.as_str()].clone())
            .collect()
    };
    let mut list = fields.clone();
    list.insert("columns".to_owned(), json!(names));
    list.insert("rows".to_owned(), kept.iter().map(cells).collect());
    list.insert(
        "left_out".to_owned(),
        json!(left_out.as_u64().unwrap_or(0) + (rows.len() - kept.len()) as u64),
    );
    Value::Object(list)
}

/// Returns JSON as the same JSON in which nothing ends or opens an element or comment, or is hidden.
fn inert(json: &str) -> String {
    // Outside strings JSON has none of these.
    escape::printable_json(json)
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}
