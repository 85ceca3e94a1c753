// swift-tools-version: 6.0
// Homeward for Swift: the generated side of the core, and the client that apps depend on.

import PackageDescription

#if os(Linux)
  // The header and the module map as they are; the library is found by the flags of scripts/test.sh.
  let library: Target = .systemLibrary(name: "homeward_ffiFFI")
#else
  // Made by scripts/xcframework.sh, for the platforms below.
  let library: Target = .binaryTarget(
    name: "homeward_ffiFFI", path: "build/homeward_ffiFFI.xcframework")
#endif

let package = Package(
  name: "Homeward",
  platforms: [.iOS(.v17), .macOS(.v14)],
  products: [.library(name: "HomewardCore", targets: ["HomewardCore"])],
  targets: [
    library,
    // Generated, so in the mode that its generator knows; scripts/generate.sh writes it.
    .target(
      name: "HomewardFFI", dependencies: ["homeward_ffiFFI"],
      swiftSettings: [.swiftLanguageMode(.v5)]),
    // Written by hand, in Swift 6 mode.
    .target(name: "HomewardCore", dependencies: ["HomewardFFI"]),
    // A report in thirty lines; the tests run it, and kill it.
    .executableTarget(name: "HomewardSample", dependencies: ["HomewardCore"]),
    // Measured by `cargo xtask bench`.
    .executableTarget(name: "HomewardBench", dependencies: ["HomewardCore"]),
    // Logs, throws and crashes; the tests look for what must not be in its output.
    .executableTarget(
      name: "HomewardMistakes", dependencies: ["HomewardCore"], path: "Tests/HomewardMistakes"),
    .testTarget(
      name: "HomewardCoreTests",
      dependencies: ["HomewardCore", "HomewardSample", "HomewardMistakes"]),
  ]
)
