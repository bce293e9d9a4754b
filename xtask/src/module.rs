//! From a crate to an optimised wasm module and its JavaScript glue.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Error, bindgen,
    files::{self, at},
    glue, names, process, snippets,
    workspace::Workspace,
};

/// The module's two halves, ready to be placed.
#[derive(Debug)]
pub struct Module {
    /// The JavaScript glue.
    pub glue: Vec<u8>,
    /// The types of the glue.
    pub types: Vec<u8>,
    /// The wasm.
    pub wasm: Vec<u8>,
}

/// How to get from cargo's output to the module.
#[derive(Debug, Clone)]
pub struct Recipe<'a> {
    /// A name for messages and for the scratch folder.
    pub step: &'a str,
    /// The name of the files that are made: `NAME.js` and `NAME_bg.wasm`.
    pub name: &'a str,
    /// More arguments for the bindings generator.
    pub bindgen: &'a [&'a str],
    /// Arguments for `wasm-opt`; empty leaves the module as it is.
    ///
    /// No feature flags: the module carries the list of those it uses, and `--all-features` makes
    /// modules that browsers refuse.
    pub optimise: &'a [&'a str],
    /// Whether the glue has only what this package needs, and short names between it and the module.
    pub small: bool,
}

impl Recipe<'_> {
    /// Makes the module, or takes the last one if neither the input nor the recipe changed.
    ///
    /// # Errors
    /// A tool failed or a file could not be read or written.
    pub fn make(&self, workspace: &Workspace, input: &Path) -> Result<Module, Error> {
        let folder = workspace.scratch(self.step);
        fs::create_dir_all(&folder).map_err(at(&folder))?;
        let stamp = folder.join("made-from");
        let made_from = [format!("{self:?}{}\n", glue::form()).into_bytes(), files::read(input)?].concat();
        if !fs::read(&stamp).is_ok_and(|last| last == made_from) {
            self.generate(&folder, input)?;
            self.optimise(workspace, &folder)?;
            if self.small {
                let named = |end: &str| folder.join(format!("{}{end}", self.name));
                let (glue, types) = (named(".js"), named(".d.ts"));
                let (text, typed) = glue::trim(&files::read_text(&glue)?, &files::read_text(&types)?)?;
                fs::write(&glue, text).map_err(at(&glue))?;
                fs::write(&types, typed).map_err(at(&types))?;
                names::shorten(workspace, &named("_bg.wasm"), &glue)?;
            }
            fs::write(&stamp, made_from).map_err(at(&stamp))?;
        }
        Ok(Module {
            glue: files::read(&folder.join(format!("{}.js", self.name)))?,
            types: files::read(&folder.join(format!("{}.d.ts", self.name)))?,
            wasm: files::read(&self.wasm(&folder))?,
        })
    }

    fn generate(&self, folder: &Path, input: &Path) -> Result<(), Error> {
        eprintln!("{}: generating the bindings", self.step);
        let mut args: Vec<OsString> =
            ["wasm-bindgen", "--target", "web", "--out-name", self.name, "--out-dir"]
                .map(OsString::from)
                .to_vec();
        args.push(folder.into());
        args.extend(self.bindgen.iter().map(OsString::from));
        args.push(input.into());
        bindgen::run(args)?;
        let glue = folder.join(format!("{}.js", self.name));
        let whole = snippets::inline(folder, &files::read_text(&glue)?)?;
        fs::write(&glue, whole).map_err(at(&glue))
    }

    fn optimise(&self, workspace: &Workspace, folder: &Path) -> Result<(), Error> {
        if self.optimise.is_empty() {
            return Ok(());
        }
        eprintln!("{}: wasm-opt {} (about 20 s)", self.step, self.optimise.join(" "));
        let wasm = self.wasm(folder);
        let mut command = Command::new(workspace.tool("wasm-opt"));
        command.args(self.optimise).arg(&wasm).arg("-o").arg(&wasm);
        process::run(&mut command, "type `./x setup`")
    }

    fn wasm(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}_bg.wasm", self.name))
    }
}
