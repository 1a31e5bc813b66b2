//! Scenes of AI agents, one for each way that CloudTrail shows them, with links that join.

use std::fmt::Write as _;

use super::calls::Call;
use super::events::{Event, How, long_date};
use super::people::{ALICE, ANA, Assumed, BOB, BOTO, CHLOE, Caller, WHO, address};
use super::rng::{Uuid, key_id};
use super::{Place, REGIONS, World, time_text};

const MCP: &str = "aws-mcp.amazonaws.com";
const CLAUDE: &str = "claude-code/2.1.202 (cli)";
const PROXY: &str = "python-httpx/0.28.1 mcp-proxy-for-aws/1.7.0 claude-code/2.1.202";
const HIDDEN: &str = "[HIDDEN_DUE_TO_SECURITY_REASONS]";

/// What agents look up, and now and then change.
const APIS: [&str; 7] = [
    "ListUsers",
    "DescribeInstances",
    "GetCallerIdentity",
    "ListBuckets",
    "DescribeAlarms",
    "StopInstances",
    "DescribeDBInstances",
];

/// User agents of servers that people run themselves.
const SELF_HOSTED: [&str; 6] = [
    "md/awslabs#mcp#aws-api-mcp-server#1.5.1 md/via/AWS-API-MCP MCPClient/claude-code#2.1.202 cfg/ro#0 cfg/consent#0 cfg/scripts#1",
    "md/awslabs#mcp#cloudtrail-mcp-server#0.0.10",
    "md/awslabs#mcp#iam-mcp-server/1.0.12",
    "awslabs/mcp/eks-mcp-server/0.1.15",
    "awslabs.cloudwatch-applicationsignals-mcp-server/0.1.26",
    "cfn-mcp-server/1.0.9",
];

/// One tool call on a managed MCP server.
struct Tool<'a> {
    /// `eventSource`, and `eventName`.
    of: (&'a str, &'a str),
    /// What stands in `params.name`.
    name: &'a str,
    /// What the server answers, in place of `result`.
    answer: &'a str,
    /// The calls it makes, and in which region.
    calls: &'a [(&'static Call, Place)],
    error: (&'a str, &'a str),
}

impl World {
    fn some_call(&mut self, place: Place) -> (&'static Call, Place) {
        let call = Call::named(self.rng.pick::<&str>(&APIS));
        let region = usize::try_from(self.rng.below(REGIONS.len() as u64)).unwrap_or(0);
        (
            call,
            Place {
                region: if matches!(call.source, "iam" | "sts") {
                    0
                } else {
                    region
                },
                ..place
            },
        )
    }

    /// Writes a tool call as `agent`, and the calls it makes as `through`, where only the server is seen.
    fn tool(&mut self, place: Place, time: i64, agent: &Caller, through: &Caller, tool: &Tool<'_>) {
        let ids: Vec<Uuid> = tool.calls.iter().map(|_| self.rng.uuid()).collect();
        let mut downstream = String::new();
        for ((call, at), id) in tool.calls.iter().zip(&ids) {
            let comma = if downstream.is_empty() { "" } else { "," };
            let _ = write!(
                downstream,
                r#"{comma}{{"apiName":"{}:{}","requestId":""#,
                call.source, call.name
            );
            id.push_request_id(&mut downstream, call.source);
            let _ = write!(downstream, r#"","awsRegion":"{}"}}"#, REGIONS[at.region]);
        }
        let number = 1 + self.rng.below(40);
        let request = format!(
            r#"{{"jsonrpc":"2.0","method":"tools/call","id":{number},"params":{{"name":"{}","_meta":"{HIDDEN}","arguments":"{HIDDEN}"}}}}"#,
            tool.name
        );
        let response = format!(r#"{{"jsonrpc":"2.0","id":{number},{}}}"#, tool.answer);
        let additional = if ids.is_empty() {
            String::new()
        } else {
            format!(r#"{{"downstreamRequests":[{downstream}]}}"#)
        };
        for (step, ((call, at), id)) in (0..).zip(tool.calls.iter().zip(&ids)) {
            let how = How {
                request_id: Some(*id),
                channel: Some("downstream"),
                error: tool.error,
                ..How::default()
            };
            self.call(*at, time + step, through, call, how);
        }
        self.summary.mcp_links += ids.len() as u64;
        let event = Event {
            source: tool.of.0,
            name: tool.of.1,
            request: &request,
            response: &response,
            additional: &additional,
            ..self.mcp_event(time + 8)
        };
        self.emit(place, agent, &event);
    }

    fn mcp_event<'a>(&mut self, time: i64) -> Event<'a> {
        Event {
            kind: "AwsMcpEvent",
            read_only: false,
            request_id: Some(self.rng.uuid()),
            channel: Some("tool_call"),
            ..Event::api(time, MCP, "CallReadWriteTool")
        }
    }

    /// A user's agent behind the signing proxy.
    pub(super) fn agent_of_user(&mut self, place: Place, time: i64) {
        let (who, time) = self.caller(place, ALICE, time);
        let calls = [self.some_call(place), self.some_call(place)];
        let calls = &calls[..=usize::from(time % 3 == 0)];
        let tool = Tool {
            of: (MCP, "CallReadWriteTool"),
            name: "aws___call_aws",
            answer: &format!(r#""result":"{HIDDEN}""#),
            calls,
            error: ("", ""),
        };
        self.tool(place, time, &who.with_agent(PROXY), &who.via(MCP), &tool);
    }

    /// A person lets an agent in, and it works in their session until it closes it.
    pub(super) fn agent_with_grant(&mut self, place: Place, time: i64) {
        let account = self.accounts[place.account].id.clone();
        let region = REGIONS[place.region];
        let sign_in = format!(
            "arn:aws:signin:{region}:{account}:session/{}",
            self.rng.uuid()
        );
        let behind = format!(r#","signInSessionArn":"{sign_in}""#);
        let key = key_id("ASIA", self.rng.next(), 16);
        let bare = Assumed {
            account: &account,
            role: WHO[ANA].role,
            name: WHO[ANA].name,
            key: "",
            started: time,
            before: "",
            behind: "",
            last: "",
        };
        let granted = Assumed {
            behind: &behind,
            ..bare
        };
        let caller = |session: Assumed<'_>| Caller {
            identity: session.identity(),
            arn: session.arn(),
            ip: address(place.account, ALICE),
            agent: CLAUDE.to_owned(),
            console: false,
        };
        self.grant(place, time, &caller(bare).with_agent("Bun/1.4.0"), &sign_in);
        let (agent, through) = (
            caller(granted),
            caller(Assumed {
                key: &key,
                ..granted
            })
            .via(MCP),
        );
        for step in 1..=2 {
            let calls = [self.some_call(place), self.some_call(place)];
            let tool = Tool {
                of: (MCP, "CallReadWriteTool"),
                name: "aws___run_script",
                answer: &format!(r#""result":"{HIDDEN}""#),
                calls: &calls,
                error: ("", ""),
            };
            self.tool(place, time + 20 * step, &agent, &through, &tool);
        }
        let event = Event {
            name: "DestroySession",
            request: r#"{"jsonrpc":"2.0","method":"session/destroy"}"#,
            ..self.mcp_event(time + 70)
        };
        self.emit(place, &agent, &event);
    }

    fn grant(&mut self, place: Place, time: i64, who: &Caller, sign_in: &str) {
        let region = REGIONS[place.region];
        let request = format!(
            r#"{{"resource":"https://aws-mcp.{region}.api.aws/mcp","redirect_uri":"http://localhost:3118/callback","client_id":"arn:aws:signin:{region}::external-client/dcr/{}","code_challenge_method":"S256"}}"#,
            self.rng.uuid()
        );
        let additional = format!(
            r#"{{"signInSessionArn":"{sign_in}","grant_type":"authorization_code","success":"true","x-amzn-vpce-id":""}}"#
        );
        for (step, name) in [(0, "AuthorizeOAuth2Access"), (4, "CreateOAuth2Token")] {
            let event = Event {
                request: &request,
                additional: &additional,
                host: "us-east-1.signin.aws.amazon.com",
                request_id: Some(self.rng.uuid()),
                channel: Some("oauth_grant"),
                sign_in: Some(true),
                ..Event::api(time + step, "signin", name)
            };
            self.emit(place, who, &event);
        }
    }

    /// The servers of EKS and SageMaker, the preview's names, and the record that AWS's documentation shows.
    pub(super) fn other_servers(&mut self, place: Place, time: i64) {
        let (who, time) = self.caller(place, BOB, time);
        for (step, server, event, name) in [
            (0, "eks-mcp.amazonaws.com", "CallTool", "list_k8s_resources"),
            (
                12,
                "sagemaker-unified-studio-mcp.amazonaws.com",
                "CallPrivilegedTool",
                "run_query",
            ),
        ] {
            let calls = [self.some_call(place)];
            let answer = r#""result":{"content":"***","isError":false}"#;
            let tool = Tool {
                of: (server, event),
                name,
                answer,
                calls: &calls,
                error: ("", ""),
            };
            self.tool(
                place,
                time + step,
                &who.with_agent(PROXY),
                &who.via(server),
                &tool,
            );
        }
        let old = Tool {
            of: ("aws-mcp.us-east-1.api.aws", "CallTool"),
            name: "call_aws",
            answer: r#""result":"***""#,
            calls: &[],
            error: ("", ""),
        };
        self.tool(place, time + 24, &who.with_agent(CLAUDE), &who, &old);
        let documented = Event {
            version: "1.08",
            category: "Data",
            request: r#"{"method":"tools/call","params":{"name":"call_aws","arguments":{"cli_command":"aws s3api list-buckets"}},"id":"7"}"#,
            response: r#"{"content":[{"type":"text","text":"{\"Buckets\":[]}"}],"isError":false}"#,
            last: r#","mcpEventDetails":{"sessionId":"example-session","mcpProtocolVersion":"2025-06-18","serverVersion":"1.0.0","mcpServerName":"aws-mcp.us-east-1.api.aws","executionTimeMs":412}"#,
            ..self.mcp_event(time + 36)
        };
        self.emit(place, &who.with_agent(CLAUDE), &documented);
    }

    /// A tool nobody has, and one whose call is refused.
    pub(super) fn agent_that_fails(&mut self, place: Place, time: i64) {
        let (who, time) = self.caller(place, ALICE, time);
        let agent = who.with_agent(PROXY);
        let unknown = Tool {
            of: (MCP, "CallReadWriteTool"),
            name: "aws___no_such_tool",
            answer: r#""error":{"code":-32602,"message":"Unknown tool: aws___no_such_tool"}"#,
            calls: &[],
            error: ("", ""),
        };
        self.tool(place, time, &agent, &who, &unknown);
        let calls = [(Call::named("StopInstances"), place)];
        let denied = format!(
            "You are not authorized to perform this operation. User: {} is not authorized to perform: ec2:StopInstances because no identity-based policy allows the ec2:StopInstances action",
            who.arn
        );
        let refused = Tool {
            of: (MCP, "CallReadWriteTool"),
            name: "aws___call_aws",
            answer: r#""result":{"content":"***","isError":true}"#,
            calls: &calls,
            error: ("Client.UnauthorizedOperation", &denied),
        };
        self.tool(place, time + 15, &agent, &who.via(MCP), &refused);
    }

    /// A call whose only mark is the one that a workshop page of AWS names.
    pub(super) fn marked_call(&mut self, place: Place, time: i64) {
        let (who, time) = self.caller(place, BOB, time);
        let how = How {
            additional: r#"{"CalledViaAWSMCP":"aws-mcp.amazonaws.com"}"#,
            channel: Some("downstream"),
            ..How::default()
        };
        self.call(place, time, &who, Call::named("DescribeVolumes"), how);
    }

    /// A server on somebody's own machine: its user agent is all there is.
    pub(super) fn self_hosted(&mut self, place: Place, time: i64) {
        let at = *self.rng.pick(&[ALICE, BOB, CHLOE]);
        let (who, time) = self.caller(place, at, time);
        let agent = format!("{BOTO} {}", self.rng.pick(&SELF_HOSTED));
        for step in 0..2 {
            let (call, at) = self.some_call(place);
            let how = How {
                channel: Some("self_hosted"),
                ..How::default()
            };
            self.call(at, time + 2 * step, &who.with_agent(&agent), call, how);
        }
    }

    /// An agent at a gateway: it introduces itself, calls two tools, asks for one that fails and one that is refused.
    pub(super) fn gateway(&mut self, place: Place, time: i64) {
        let account = self.accounts[place.account].id.clone();
        let key = key_id("ASIA", self.rng.next(), 16);
        let role = Assumed {
            account: &account,
            role: "AgentGatewayRole",
            name: "gateway-shop",
            key: &key,
            started: time,
            before: "",
            behind: "",
            last: "",
        };
        let worker = Caller {
            identity: role.identity(),
            arn: role.arn(),
            ip: "198.51.100.7".to_owned(),
            agent: "bedrock-agentcore".to_owned(),
            console: false,
        };
        let hello = r#""method":"initialize","params":{"clientInfo":{"name":"shop-agent","version":"1.4.0"},"protocolVersion":"2025-06-18","capabilities":{}}"#;
        self.invoke(
            place,
            time,
            "InvokeGateway",
            hello,
            r#""result":{"protocolVersion":"2025-06-18"}"#,
            200,
            &[],
        );
        let tools = [("OrdersTarget", "GetItem"), ("ThumbnailTarget", "Invoke")];
        for (step, (target, api)) in (1..).zip(tools) {
            let request = format!(
                r#""method":"tools/call","params":{{"name":"{target}___{api}","arguments":"REDACTED"}}"#
            );
            let ids = [self.rng.uuid(), self.rng.uuid()];
            for (at, id) in (0..).zip(ids) {
                let how = How {
                    request_id: Some(id),
                    ..How::default()
                };
                self.call(place, time + 10 * step + at, &worker, Call::named(api), how);
            }
            self.invoke(
                place,
                time + 10 * step + 3,
                "InvokeGateway",
                &request,
                r#""result":{"isError":false,"content":"REDACTED"}"#,
                200,
                &ids,
            );
        }
        let request = r#""method":"tools/call","params":{"name":"OrdersTarget___Refund","arguments":"REDACTED"}"#;
        self.invoke(
            place,
            time + 40,
            "InvokeGateway",
            request,
            r#""result":{"isError":true,"content":"REDACTED"}"#,
            200,
            &[],
        );
        self.invoke(
            place,
            time + 50,
            "InvokeMcp",
            request,
            r#""error":{"code":-32002,"message":"Authorization error - Insufficient permissions"}"#,
            403,
            &[],
        );
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one record")]
    fn invoke(
        &mut self,
        place: Place,
        time: i64,
        name: &'static str,
        request: &str,
        answer: &str,
        status: u16,
        calls: &[Uuid],
    ) {
        let (account, region) = (&self.accounts[place.account].id, REGIONS[place.region]);
        let gateway = "shop-gateway-a1b2c3d4e5";
        let number = 1 + self.rng.below(90);
        let request = format!(r#"{{"body":{{"jsonrpc":"2.0","id":{number},{request}}}}}"#);
        let response = format!(
            r#"{{"body":{{"jsonrpc":"2.0","id":{number},{answer}}},"contentType":"application/json","statusCode":{status}}}"#
        );
        let resources = format!(
            r#"[{{"accountId":"{account}","type":"AWS::BedrockAgentCore::Gateway","ARN":"arn:aws:bedrock-agentcore:{region}:{account}:gateway/{gateway}"}}]"#
        );
        let ids: Vec<String> = calls.iter().map(|id| format!(r#""{id}""#)).collect();
        let downstream = if ids.is_empty() {
            String::new()
        } else {
            format!(r#","downstreamRequestIds":[{}]"#, ids.join(","))
        };
        let additional = format!(
            r#"{{"targetId":"TGT0EXAMPLE","jwt":{{"headers":{{"kid":"example-key","alg":"RS256"}},"claims":{{"sub":"shop-agent-7","client_id":"shop-agent","token_use":"access","scope":"gateway/invoke","auth_time":{iat},"iss":"https://idp.example.com/shop","exp":{exp},"iat":{iat},"version":2,"jti":"{}"}},"type":"JWS"}}{downstream}}}"#,
            self.rng.uuid(),
            iat = time - 60,
            exp = time + 3540,
        );
        let details = format!(r#""sharedEventID":"{}","#, self.rng.uuid());
        let host = format!("{gateway}.gateway.bedrock-agentcore.{region}.amazonaws.com");
        let who = Caller {
            identity: r#"{"type":"AWSAccount","principalId":"","accountId":"anonymous"}"#
                .to_owned(),
            arn: String::new(),
            ip: "203.0.113.77".to_owned(),
            agent: "shop-agent/1.4.0".to_owned(),
            console: false,
        };
        self.summary.mcp_links += calls.len() as u64;
        let event = Event {
            category: "Data",
            read_only: false,
            request: &request,
            response: &response,
            additional: &additional,
            resources: &resources,
            details: &details,
            host: &host,
            request_id: Some(self.rng.uuid()),
            channel: Some("gateway"),
            ..Event::api(time, "bedrock-agentcore", name)
        };
        self.emit(place, &who, &event);
    }

    /// Somebody sets a gateway up.
    pub(super) fn gateway_admin(&mut self, place: Place, time: i64) {
        let (who, time) = self.caller(place, CHLOE, time);
        let id = "shop-gateway-a1b2c3d4e5";
        let created = format!(
            r#"{{"gatewayId":"{id}","name":"***","status":"CREATING","createdAt":"{}"}}"#,
            time_text(time)
        );
        let one = format!(r#"{{"gatewayIdentifier":"{id}"}}"#);
        let target =
            format!(r#"{{"gatewayIdentifier":"{id}","targetId":"TGT0EXAMPLE","name":"***"}}"#);
        let updated = format!(
            r#"{{"targetId":"TGT0EXAMPLE","status":"UPDATING","updatedAt":"{}"}}"#,
            long_date(time)
        );
        for (step, name, read_only, request, response) in [
            (
                0,
                "CreateGateway",
                false,
                r#"{"name":"***","protocolType":"MCP","authorizerType":"CUSTOM_JWT"}"#,
                created.as_str(),
            ),
            (15, "UpdateGatewayTarget", false, &target, &updated),
            (30, "GetGateway", true, &one, "null"),
        ] {
            let event = Event {
                read_only,
                request,
                response,
                request_id: Some(self.rng.uuid()),
                channel: Some("gateway_admin"),
                ..Event::api(time + step, "bedrock-agentcore", name)
            };
            self.emit(place, &who, &event);
        }
    }
}
