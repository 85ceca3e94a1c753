//! The generator of the Kotlin and Swift sides, pinned by the workspace's lock file.

fn main() {
    uniffi::uniffi_bindgen_main();
}
