internal import Bundle
internal import Glibc
internal import HTTP
internal import JSON
internal import Updating

extension Command {
    static let update = Command(
        name: "update", summary: "install a bundle into the slot that does not run", argument: "FILE|-|URL",
        options: [
            Option(name: "--allow-downgrade", value: nil, help: "install an older version than the running one"),
            Option(name: "--rate-limit", value: "RATE", help: "bytes a second at most, as in 200k or 1M"),
            Option(name: "--ca", value: "FILE", help: "certificates https trusts; default: Debian's list"),
            Option(
                name: "--trust", value: "FILE.pub", help: "a key to trust instead of /etc/apus/keys; may be repeated"),
            Option(name: "--restart", value: nil, help: "restart into the new version when it is installed"),
            .card, .running, .json,
        ],
        discussion: """
            Checks the signature first and writes only what has been verified. What a slot of the card holds already is
            not fetched. An update that was interrupted is taken up again by the same command. The new version boots at
            the next restart, on trial: it is kept only if it proves healthy.
            """,
        examples: [
            ("apus update https://updates.example/station.apus --restart", "fetch what is new, install, restart"),
            ("ssh build cat station.apus | apus update -", "from a pipe"),
            ("apus update station.apus --card card.img --trust fleet.pub", "into an image of a card"),
        ],
        run: { arguments throws(UpdateError) in try runUpdate(arguments) })

    private static func runUpdate(_ arguments: Arguments) throws(UpdateError) {
        let target = try Target(arguments, isWritable: true)
        var keys: [VerificationKey] = []
        for file in arguments.all("--trust") { keys.append(try TrustedKeys.read(file: file)) }
        if !arguments.has("--trust") { keys = try TrustedKeys.read() }
        var policy = Updater.Policy(keys: keys)
        policy.device = target.device
        policy.allowsDowngrade = arguments.has("--allow-downgrade") || downgradesAreAllowed(on: target)

        let progress = UpdateProgress(isJSON: arguments.has("--json"))
        let source = try source(arguments, progress)
        let updater = try Updater(card: target.card, path: target.path, running: target.running, policy: policy)
        let result: UpdateResult
        do throws(UpdateError) {
            result = try updater.install(from: source) { progress.show($0) }
        } catch {
            progress.end()
            throw error
        }
        progress.end(result)
        guard arguments.has("--restart"), result.outcome == .installed, target.device != nil else { return }
        try Restart.request()
    }

    private static func source(
        _ arguments: Arguments, _ progress: UpdateProgress
    ) throws(UpdateError) -> any BundleSource {
        let text = arguments.positional ?? "-"
        guard HTTPURL.isMeant(by: text) else { return try FileSource(text) }
        var settings = HTTPSettings()
        settings.proxies = .environment
        if let file = arguments["--ca"] { settings.certificates = file }
        // Checked when the command line was read.
        settings.rateLimit = arguments["--rate-limit"].flatMap { try? Arguments.rate($0) }
        do throws(HTTPError) {
            let source = HTTPSource(try HTTPURL(text), settings: settings)
            source.onRetry = { progress.show(.retrying($0, pause: $1)) }
            return source
        } catch {
            throw .http(error)
        }
    }

    /// The device's policy: `update.downgrade=allow`.
    private static func downgradesAreAllowed(on target: Target) -> Bool {
        guard target.device != nil else { return false }
        let image = Settings.read("/etc/apus/app.conf")
        let provisioned = Settings.read("/data/apus/config")
        return (provisioned["update.downgrade"] ?? image["update.downgrade"]) == "allow"
    }
}
