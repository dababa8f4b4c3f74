// swift-tools-version: 6.2
import PackageDescription

// Depends on nothing: it measures what a user runs, from outside.
let package = Package(
    name: "benchmarks",
    targets: [
        .executableTarget(
            name: "bench",
            swiftSettings: [
                .treatAllWarnings(as: .error),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
            ])
    ],
    swiftLanguageModes: [.v6]
)
