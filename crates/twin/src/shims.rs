//! Finds wasm-bindgen's shims around JavaScript values, which Asyncify must leave as they are.
//!
//! Used by `lib.rs`. Binaryen cannot save a reference across a suspension, and need not: a
//! function that holds one is a shim that wasm-bindgen put around an import of JavaScript (which
//! does not suspend, unlike the one raw import) or around a synchronous export (which must not,
//! see `vfs/src/suspend.rs`).

use anyhow::{Context, Result, ensure};
use walrus::ir::{Call, Visitor, dfs_in_order};
use walrus::{Function, FunctionId, FunctionKind, LocalId, Module, ValType};

/// The shims as Binaryen names functions without names, joined by commas: defined functions are
/// counted from 0, after the imported ones.
pub(crate) fn list(wasm: &[u8]) -> Result<String> {
    let module = Module::from_buffer(wasm).context("parsing wasm-bindgen's output")?;
    imports_the_suspending_function(&module)?;
    let imported = module.funcs.iter().filter(|it| is_imported(it)).count();
    let shims: Vec<String> = module
        .funcs
        .iter()
        .filter(|function| holds_a_reference(&module, function))
        .map(|function| (function.id().index() - imported).to_string())
        .collect();
    Ok(shims.join(","))
}

fn imports_the_suspending_function(module: &Module) -> Result<()> {
    let found = module
        .imports
        .iter()
        .any(|import| format!("{}.{}", import.module, import.name) == crate::SUSPENDING_IMPORT);
    ensure!(
        found,
        "the module does not import {}",
        crate::SUSPENDING_IMPORT
    );
    Ok(())
}

fn is_imported(function: &Function) -> bool {
    matches!(function.kind, FunctionKind::Import(_))
}

fn holds_a_reference(module: &Module, function: &Function) -> bool {
    let FunctionKind::Local(local) = &function.kind else {
        return false;
    };
    let mut search = Search {
        module,
        found: mentions_a_reference(module, function.id()),
    };
    dfs_in_order(&mut search, local, local.entry_block());
    search.found
}

fn mentions_a_reference(module: &Module, function: FunctionId) -> bool {
    let signature = module.types.get(module.funcs.get(function).ty());
    signature
        .params()
        .iter()
        .chain(signature.results())
        .any(is_reference)
}

fn is_reference(value_type: &ValType) -> bool {
    matches!(value_type, ValType::Ref(_))
}

/// Looks for locals that are references, and for calls that pass or return one.
struct Search<'module> {
    module: &'module Module,
    found: bool,
}

impl Visitor<'_> for Search<'_> {
    fn visit_local_id(&mut self, local: &LocalId) {
        self.found |= is_reference(&self.module.locals.get(*local).ty());
    }

    fn visit_call(&mut self, call: &Call) {
        self.found |= mentions_a_reference(self.module, call.func);
    }
}
