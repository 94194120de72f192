// SPDX-License-Identifier: Apache-2.0

import SIPMessage
public import Tenancy

/// What a call has to do with a tenant; decided once, when it begins, whatever becomes of the
/// tenant meanwhile.
public struct CallTenant: Sendable, Hashable {
    /// The account's name.
    public let account: [UInt8]
    /// First label of its derived trunks; empty where its service has none.
    public let label: [UInt8]
    /// The row of the screening table; nil for calls to the tenant.
    public var row: CallerScreening.Row?
    /// The header field of the deployment that messages to the operator's side carry; empty: none.
    var headerName: [UInt8] = []
    /// The number's own contents for it.
    var headerValue: [UInt8] = []
    /// The enterprise as the service names it; empty: not known.
    var tenantID: [UInt8] = []

    init(account: [UInt8], label: [UInt8]) {
        self.account = account
        self.label = label
    }

    /// Longest text of any of them.
    static let textMax = 128

    /// Says which enterprise a call is of (ACG-TEN-8).
    private static let tenantIDName = Array("X-MS-TenantID".utf8)

    /// The header field that messages to the operator's side carry, as a line; nil: none.
    var headerLine: [UInt8]? {
        self.headerName.isEmpty ? nil : self.headerName + Array(": ".utf8) + self.headerValue
    }

    /// Says so in a message to the operator's side.
    func add(to builder: inout SIPMessageBuilder, _ trunk: TrunkTenancy) {
        guard trunk.service == nil else { return }
        if !self.headerName.isEmpty { builder.add(spelled: self.headerName, self.headerValue) }
        if trunk.showsTenantID, !self.tenantID.isEmpty {
            builder.add(spelled: Self.tenantIDName, self.tenantID)
        }
    }
}

/// What may be shown of a caller, and how.
struct ShownCaller {
    /// Says of a number whether it may be shown.
    let shows: (E164) -> Bool
    /// The number that the caller is known by from here on; nil: as the caller says.
    let number: E164?
    /// The number stands for who is calling: nothing else is asserted.
    let isOnlyIdentity: Bool

    /// A URI with a number that may be shown. What is no number says nothing that could be
    /// checked.
    func shows(_ uri: ArraySlice<UInt8>, _ format: NumberFormat) -> Bool {
        guard let number = CarriedURI(uri)?.e164(format) else { return false }
        return self.shows(number)
    }
}

extension CarriedURI {
    /// The number as E.164, as a trunk writes it; nil where it is none.
    func e164(_ format: NumberFormat) -> E164? {
        E164(format.normalised(self.number))
    }
}
