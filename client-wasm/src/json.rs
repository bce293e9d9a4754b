//! The few fields that this crate itself reads out of JSON, by the browser's own parser: it costs no bytes.

use js_sys::Reflect;
use wasm_bindgen::JsValue;

/// A field of the object that `text` holds.
pub(crate) fn field(text: &str, name: &str) -> Option<JsValue> {
    let object = js_sys::JSON::parse(text).ok()?;
    Reflect::get(&object, &JsValue::from_str(name)).ok()
}
