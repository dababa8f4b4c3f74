// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "benchmarks",
    dependencies: [.package(name: "apus", path: "..")],
    targets: [
        // Depends on nothing: it measures what a user runs, from outside.
        .executableTarget(name: "bench", swiftSettings: strict),
        // What it runs beside RAUC.
        .executableTarget(
            name: "update-bench", dependencies: [.product(name: "Bundle", package: "apus")], swiftSettings: strict),
        // What it runs beside OTP.
        .systemLibrary(name: "CMalloc"),
        .executableTarget(
            name: "supervision-bench", dependencies: ["CMalloc", .product(name: "Supervision", package: "apus")],
            swiftSettings: strict),
        // What it runs beside publishing-bench, which is the repository's own.
        .executableTarget(name: "mosquitto-bench", linkerSettings: [.linkedLibrary("mosquitto")]),
        .executableTarget(name: "sqlite-bench", linkerSettings: [.linkedLibrary("sqlite3")]),
    ],
    swiftLanguageModes: [.v6]
)
