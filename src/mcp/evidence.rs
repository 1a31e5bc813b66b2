//! The marks that an agent's call carries, as a set of bits.

use std::ops::{BitOr, BitOrAssign};

/// A set of marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Evidence(u16);

impl Evidence {
    /// No mark.
    pub const NONE: Self = Self(0);
    /// `eventType` is `AwsMcpEvent`.
    pub const EVENT_TYPE: Self = Self(1);
    /// `eventSource` is a managed MCP server.
    pub const EVENT_SOURCE: Self = Self(1 << 1);
    /// `userIdentity.invokedBy` is a managed MCP server.
    pub const INVOKED_BY: Self = Self(1 << 2);
    /// `sourceIPAddress` is a managed MCP server.
    pub const SOURCE_IP_ADDRESS: Self = Self(1 << 3);
    /// `additionalEventData` says `CalledViaAWSMCP`.
    pub const CALLED_VIA_AWS_MCP: Self = Self(1 << 4);
    /// `additionalEventData` says `ViaAWSMCPService`.
    pub const VIA_AWS_MCP_SERVICE: Self = Self(1 << 5);
    /// A call to an `AgentCore` gateway, or on one.
    pub const GATEWAY_EVENT: Self = Self(1 << 6);
    /// An OAuth grant for a managed MCP server.
    pub const OAUTH_RESOURCE: Self = Self(1 << 7);
    /// `userAgent` names an MCP server or client.
    pub const USER_AGENT: Self = Self(1 << 8);

    const NAMES: [&'static str; 9] = [
        "event_type",
        "event_source",
        "invoked_by",
        "source_ip_address",
        "called_via_aws_mcp",
        "via_aws_mcp_service",
        "gateway_event",
        "oauth_resource",
        "user_agent",
    ];

    /// Returns true for the empty set.
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// Returns true where this set has all marks of the other.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns true where this set has any mark of the other.
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Returns the names of the marks, always in the same order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let named = Self::NAMES.into_iter().enumerate();
        named
            .filter(move |(bit, _)| self.0 & (1 << bit) != 0)
            .map(|(_, name)| name)
    }

    /// Returns the set itself where `condition` holds, else the empty one.
    #[must_use]
    pub(crate) fn when(self, condition: bool) -> Self {
        if condition { self } else { Self::NONE }
    }
}

impl BitOr for Evidence {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Evidence {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
