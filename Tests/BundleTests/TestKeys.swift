@testable import Bundle

/// Known keys: those of RFC 8032, section 7.1, tests 1 and 2, as RFC 8410 encodes them.
enum TestKeys {
    static let firstPEM = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
        -----END PRIVATE KEY-----

        """
    static let firstPublicPEM = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
        -----END PUBLIC KEY-----

        """
    static let secondPEM = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7
        -----END PRIVATE KEY-----

        """

    static var first: SigningKey {
        get throws { try SigningKey(pem: Array(firstPEM.utf8)) }
    }

    static var second: SigningKey {
        get throws { try SigningKey(pem: Array(secondPEM.utf8)) }
    }
}
