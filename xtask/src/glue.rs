//! What the bindings have for other callers and for browsers of before 2022 is taken out: the npm package and the app
//! have one way to load their modules, and other parts of them need a later browser anyway.

use crate::Error;

/// From a beginning to an end, both included: what stands there instead.
#[derive(Debug)]
struct Cut {
    from: &'static str,
    to: &'static str,
    with: &'static str,
}

const fn cut(from: &'static str, to: &'static str, with: &'static str) -> Cut {
    Cut { from, to, with }
}

/// How the module is loaded, and what old browsers need.
const GLUE: [Cut; 5] = [
    cut(
        "let wasmModule, wasmInstance, wasm;\n",
        "export { initSync, __wbg_init as default };\n",
        "let wasm;
export default async function init({ module_or_path }) {
    const made = await WebAssembly.instantiate(module_or_path, __wbg_get_imports());
    wasm = (made.instance ?? made).exports;
    wasm.__wbindgen_start();
}
",
    ),
    cut(
        "(typeof FinalizationRegistry === 'undefined')",
        "? { register: () => {}, unregister: () => {} }\n    : ",
        "",
    ),
    cut("if (!('encodeInto' in cachedTextEncoder)) {", "\n}\n", ""),
    // A letter at a time is quicker below 30 letters only: 2,000 of them take 2.9 µs so, and 0.1 µs in one go.
    cut(
        "function passStringToWasm0(arg, malloc, realloc) {\n",
        "\n}\n",
        "function passStringToWasm0(arg, malloc, realloc) {
    const most = arg.length * 3;
    const ptr = malloc(most, 1) >>> 0;
    WASM_VECTOR_LEN = cachedTextEncoder.encodeInto(arg, getUint8ArrayMemory0().subarray(ptr, ptr + most)).written;
    return most ? realloc(ptr, most, WASM_VECTOR_LEN, 1) >>> 0 : ptr;
}
",
    ),
    // Seldom used.
    cut(
        "let cachedDataViewMemory0 = null;\nfunction getDataViewMemory0() {\n",
        "\n}\n",
        "function getDataViewMemory0() {
    return new DataView(wasm.memory.buffer);
}
",
    ),
];

/// How objects are ended by hand: they end with the page, or when nobody holds them.
const ENDS: [Cut; 3] = [
    cut("    __destroy_into_raw() {\n", "\n    }\n", ""),
    cut("    free() {\n", "\n    }\n", ""),
    cut("if (Symbol.dispose) ", "\n", ""),
];

const TYPES: [Cut; 1] = [cut(
    "export type InitInput =",
    "Promise<InitOutput>;\n",
    "/**
 * Makes the module ready.
 *
 * @param options `module_or_path`: its bytes, or the compiled module
 */
export default function init(options: { module_or_path: BufferSource | WebAssembly.Module }): Promise<void>;
",
)];

const TYPES_OF_ENDS: [Cut; 2] = [cut("    free()", "\n", ""), cut("    [Symbol.dispose]()", "\n", "")];

/// All that is cut, for those who keep what was made.
#[must_use]
pub fn form() -> String {
    format!("{GLUE:?}{ENDS:?}{TYPES:?}{TYPES_OF_ENDS:?}")
}

/// The glue and its types without what nothing here needs.
///
/// # Errors
/// They are not of the form that this was written for.
pub fn trim(glue: &str, types: &str) -> Result<(String, String), Error> {
    let (glue, types) = (apply(glue, &GLUE)?, apply(types, &TYPES)?);
    // A method that takes its object ends it too.
    let takes = glue
        .matches("this.__destroy_into_raw()")
        .count()
        .saturating_sub(glue.matches("    free() {\n").count());
    if takes > 0 {
        return Ok((glue, types));
    }
    Ok((apply(&glue, &ENDS)?, apply(&types, &TYPES_OF_ENDS)?))
}

fn apply(text: &str, cuts: &[Cut]) -> Result<String, Error> {
    let mut text = text.to_owned();
    for Cut { from, to, with } in cuts {
        if !text.contains(from) {
            return Err(changed(from));
        }
        let mut parts = text.split(from);
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let Some((_, rest)) = part.split_once(to) else { return Err(changed(to)) };
            out.extend([with, rest]);
        }
        text = out;
    }
    Ok(text)
}

fn changed(missing: &str) -> Error {
    let what = "the bindings have another form than the one that glue.rs shortens: this is not there";
    Error::Rule { what, findings: missing.lines().map(str::to_owned).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUTS: [Cut; 2] = [cut("old(", ")", ""), cut("function load", "};\n", "load();\n")];

    #[test]
    fn each_of_a_kind_goes_and_the_rest_stays() {
        let glue = "a = old(1) x; b = old(2) y;\nfunction load() {};\nrest();\n";
        assert_eq!(apply(glue, &CUTS).unwrap(), "a =  x; b =  y;\nload();\nrest();\n");
    }

    #[test]
    fn bindings_of_another_form_are_refused() {
        let error = apply("a = new(1);\nfunction load() {};\n", &CUTS).unwrap_err().to_string();
        assert!(error.contains("old("), "{error}");
        let error = apply("a = old(1;\n", &CUTS).unwrap_err().to_string();
        assert!(error.contains(")"), "{error}");
    }
}
