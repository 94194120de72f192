// SPDX-License-Identifier: Apache-2.0

// Names that somebody asks for, in the order of HeaderNameTable.rows; a test holds the two
// together.
extension HeaderName {
    /// `Via` (`v`), RFC 3261 section 20.42.
    public static var via: HeaderName { HeaderName(code: 1) }
    /// `From` (`f`), RFC 3261 section 20.20.
    public static var from: HeaderName { HeaderName(code: 2) }
    /// `To` (`t`), RFC 3261 section 20.39.
    public static var to: HeaderName { HeaderName(code: 3) }
    /// `Call-ID` (`i`), RFC 3261 section 20.8.
    public static var callID: HeaderName { HeaderName(code: 4) }
    /// `CSeq`, RFC 3261 section 20.16.
    public static var cSeq: HeaderName { HeaderName(code: 5) }
    /// `Contact` (`m`), RFC 3261 section 20.10.
    public static var contact: HeaderName { HeaderName(code: 6) }
    /// `Max-Forwards`, RFC 3261 section 20.22.
    public static var maxForwards: HeaderName { HeaderName(code: 7) }
    /// `Route`, RFC 3261 section 20.34.
    public static var route: HeaderName { HeaderName(code: 8) }
    /// `Record-Route`, RFC 3261 section 20.30.
    public static var recordRoute: HeaderName { HeaderName(code: 9) }
    /// `Content-Type` (`c`), RFC 3261 section 20.15.
    public static var contentType: HeaderName { HeaderName(code: 10) }
    /// `Content-Length` (`l`), RFC 3261 section 20.14.
    public static var contentLength: HeaderName { HeaderName(code: 11) }
    /// `Content-Encoding` (`e`), RFC 3261 section 20.12.
    public static var contentEncoding: HeaderName { HeaderName(code: 12) }
    /// `Content-Disposition`, RFC 3261 section 20.11.
    public static var contentDisposition: HeaderName { HeaderName(code: 13) }
    /// `Content-Language`, RFC 3261 section 20.13.
    public static var contentLanguage: HeaderName { HeaderName(code: 14) }
    /// `MIME-Version`, RFC 3261 section 20.24.
    public static var mimeVersion: HeaderName { HeaderName(code: 15) }
    /// `Allow`, RFC 3261 section 20.5.
    public static var allow: HeaderName { HeaderName(code: 16) }
    /// `Supported` (`k`), RFC 3261 section 20.37.
    public static var supported: HeaderName { HeaderName(code: 17) }
    /// `Require`, RFC 3261 section 20.32.
    public static var require: HeaderName { HeaderName(code: 18) }
    /// `Proxy-Require`, RFC 3261 section 20.29.
    public static var proxyRequire: HeaderName { HeaderName(code: 19) }
    /// `Unsupported`, RFC 3261 section 20.40.
    public static var unsupported: HeaderName { HeaderName(code: 20) }
    /// `Retry-After`, RFC 3261 section 20.33.
    public static var retryAfter: HeaderName { HeaderName(code: 21) }
    /// `Reason`, RFC 3326.
    public static var reason: HeaderName { HeaderName(code: 22) }
    /// `User-Agent`, RFC 3261 section 20.41.
    public static var userAgent: HeaderName { HeaderName(code: 23) }
    /// `Server`, RFC 3261 section 20.35.
    public static var server: HeaderName { HeaderName(code: 24) }
    /// `Subject` (`s`), RFC 3261 section 20.36.
    public static var subject: HeaderName { HeaderName(code: 25) }
    /// `Date`, RFC 3261 section 20.17.
    public static var date: HeaderName { HeaderName(code: 26) }
    /// `Expires`, RFC 3261 section 20.19.
    public static var expires: HeaderName { HeaderName(code: 27) }
    /// `Min-Expires`, RFC 3261 section 20.23.
    public static var minExpires: HeaderName { HeaderName(code: 28) }
    /// `Accept`, RFC 3261 section 20.1.
    public static var accept: HeaderName { HeaderName(code: 29) }
    /// `Accept-Language`, RFC 3261 section 20.3.
    public static var acceptLanguage: HeaderName { HeaderName(code: 31) }
    /// `Alert-Info`, RFC 3261 section 20.4.
    public static var alertInfo: HeaderName { HeaderName(code: 32) }
    /// `Call-Info`, RFC 3261 section 20.9.
    public static var callInfo: HeaderName { HeaderName(code: 33) }
    /// `Error-Info`, RFC 3261 section 20.18.
    public static var errorInfo: HeaderName { HeaderName(code: 34) }
    /// `Authentication-Info`, RFC 3261 section 20.6.
    public static var authenticationInfo: HeaderName { HeaderName(code: 35) }
    /// `Authorization`, RFC 3261 section 20.7.
    public static var authorization: HeaderName { HeaderName(code: 36) }
    /// `Proxy-Authorization`, RFC 3261 section 20.28.
    public static var proxyAuthorization: HeaderName { HeaderName(code: 37) }
    /// `WWW-Authenticate`, RFC 3261 section 20.44.
    public static var wwwAuthenticate: HeaderName { HeaderName(code: 38) }
    /// `Proxy-Authenticate`, RFC 3261 section 20.27.
    public static var proxyAuthenticate: HeaderName { HeaderName(code: 39) }
    /// `Organization`, RFC 3261 section 20.25.
    public static var organization: HeaderName { HeaderName(code: 41) }
    /// `Priority`, RFC 3261 section 20.26.
    public static var priority: HeaderName { HeaderName(code: 42) }
    /// `Reply-To`, RFC 3261 section 20.31.
    public static var replyTo: HeaderName { HeaderName(code: 43) }
    /// `Timestamp`, RFC 3261 section 20.38.
    public static var timestamp: HeaderName { HeaderName(code: 44) }
    /// `Warning`, RFC 3261 section 20.43.
    public static var warning: HeaderName { HeaderName(code: 45) }
    /// `Event` (`o`), RFC 6665.
    public static var event: HeaderName { HeaderName(code: 46) }
    /// `Allow-Events` (`u`), RFC 6665.
    public static var allowEvents: HeaderName { HeaderName(code: 47) }
    /// `Subscription-State`, RFC 6665.
    public static var subscriptionState: HeaderName { HeaderName(code: 48) }
    /// `Refer-To` (`r`), RFC 3515.
    public static var referTo: HeaderName { HeaderName(code: 49) }
    /// `Referred-By` (`b`), RFC 3892.
    public static var referredBy: HeaderName { HeaderName(code: 50) }
    /// `Refer-Sub`, RFC 4488.
    public static var referSub: HeaderName { HeaderName(code: 51) }
    /// `Replaces`, RFC 3891.
    public static var replaces: HeaderName { HeaderName(code: 52) }
    /// `Join`, RFC 3911.
    public static var join: HeaderName { HeaderName(code: 53) }
    /// `Session-Expires` (`x`), RFC 4028.
    public static var sessionExpires: HeaderName { HeaderName(code: 55) }
    /// `Min-SE`, RFC 4028.
    public static var minSE: HeaderName { HeaderName(code: 56) }
    /// `RSeq`, RFC 3262.
    public static var rSeq: HeaderName { HeaderName(code: 57) }
    /// `RAck`, RFC 3262.
    public static var rAck: HeaderName { HeaderName(code: 58) }
    /// `P-Asserted-Identity`, RFC 3325.
    public static var pAssertedIdentity: HeaderName { HeaderName(code: 61) }
    /// `P-Preferred-Identity`, RFC 3325.
    public static var pPreferredIdentity: HeaderName { HeaderName(code: 62) }
    /// `Privacy`, RFC 3323.
    public static var privacy: HeaderName { HeaderName(code: 63) }
    /// `Diversion`, RFC 5806.
    public static var diversion: HeaderName { HeaderName(code: 64) }
    /// `History-Info`, RFC 7044.
    public static var historyInfo: HeaderName { HeaderName(code: 65) }
    /// `Path`, RFC 3327.
    public static var path: HeaderName { HeaderName(code: 66) }
    /// `Service-Route`, RFC 3608.
    public static var serviceRoute: HeaderName { HeaderName(code: 67) }
    /// `Identity` (`y`), RFC 8224.
    public static var identity: HeaderName { HeaderName(code: 68) }
    /// `Accept-Contact` (`a`), RFC 3841.
    public static var acceptContact: HeaderName { HeaderName(code: 70) }
    /// `Reject-Contact` (`j`), RFC 3841.
    public static var rejectContact: HeaderName { HeaderName(code: 71) }
    /// `Request-Disposition` (`d`), RFC 3841.
    public static var requestDisposition: HeaderName { HeaderName(code: 72) }
    /// `User-to-User`, RFC 7433.
    public static var userToUser: HeaderName { HeaderName(code: 73) }
    /// `Geolocation`, RFC 6442.
    public static var geolocation: HeaderName { HeaderName(code: 74) }
    /// `Geolocation-Routing`, RFC 6442.
    public static var geolocationRouting: HeaderName { HeaderName(code: 75) }
    /// `Session-ID`, RFC 7989.
    public static var sessionID: HeaderName { HeaderName(code: 76) }
    /// `Info-Package`, RFC 6086.
    public static var infoPackage: HeaderName { HeaderName(code: 79) }
    /// `Recv-Info`, RFC 6086.
    public static var recvInfo: HeaderName { HeaderName(code: 80) }
    /// `P-Early-Media`, RFC 5009.
    public static var pEarlyMedia: HeaderName { HeaderName(code: 83) }
    /// `Content-ID`, RFC 8262.
    public static var contentID: HeaderName { HeaderName(code: 84) }
}
