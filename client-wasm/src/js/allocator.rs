//! What stands in for the standard library in the npm module: an allocator, small before fast, and a panic that is a
//! trap without words.

#[cfg(all(target_family = "wasm", not(target_feature = "atomics")))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

// The hooks need the standard library, and it brings a handler of its own.
#[cfg(all(feature = "lean", not(feature = "leptos"), target_family = "wasm"))]
#[panic_handler]
fn trap(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
