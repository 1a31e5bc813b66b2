//! Channels, marks, details and links by example. Shapes follow published captures and AWS's samples.

use super::*;
use crate::trail::identity::caller;
use crate::trail::json::Parser;

fn classify<'a>(record: &Record<'a>) -> Option<Mcp<'a>> {
    super::classify(record, &caller(record))
}

fn with<T>(record: &str, read: impl FnOnce(&Record<'_>) -> T) -> T {
    Parser::default()
        .parse(record, |root| read(&Record::new(root)))
        .expect("JSON")
}

/// Checks `<channel> <server> <marks>`; `None` where a record is no agent's.
fn check(record: &str, expected: Option<&str>) {
    let found = with(record, |record| {
        classify(record).map(|mcp| {
            let marks: Vec<_> = mcp.evidence.names().collect();
            let server = mcp.server.as_deref().unwrap_or("-");
            format!("{} {server} {}", mcp.channel.name(), marks.join(","))
        })
    });
    assert_eq!(found.as_deref(), expected, "{record}");
}

fn check_detail<T: PartialEq + std::fmt::Debug>(
    record: &str,
    read: impl Fn(McpDetail<'_>) -> T,
    expected: T,
) {
    let found = with(record, |record| {
        let mcp = classify(record).expect("an agent's");
        read(detail(record, &mcp))
    });
    assert_eq!((record, found), (record, expected));
}

const TOOL_CALL: &str = r#"{"eventVersion":"1.11",
    "userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/eva","sessionContext":{"signInSessionArn":"arn:aws:signin:us-east-1:111122223333:session/s"}},
    "eventSource":"aws-mcp.amazonaws.com","eventName":"CallReadWriteTool","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.1",
    "userAgent":"python-httpx/0.28.1 mcp-proxy-for-aws/1.7.0 shelltest/1",
    "requestParameters":{"jsonrpc":"2.0","method":"tools/call","id":2,"params":{"name":"aws___run_script","_meta":"[HIDDEN_DUE_TO_SECURITY_REASONS]","arguments":"[HIDDEN_DUE_TO_SECURITY_REASONS]"}},
    "responseElements":{"jsonrpc":"2.0","id":2,"result":"[HIDDEN_DUE_TO_SECURITY_REASONS]"},
    "additionalEventData":{"downstreamRequests":[{"apiName":"sts:GetCallerIdentity","requestId":"r-1","awsRegion":"eu-west-1"},{"requestId":"r-2"},{"apiName":"x:Y"}]},
    "requestID":"q","readOnly":false,"eventType":"AwsMcpEvent","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}"#;

const GATEWAY: &str = r#"{"eventVersion":"1.11","userIdentity":{"type":"AWSAccount","principalId":"","accountId":"anonymous"},
    "eventSource":"bedrock-agentcore.amazonaws.com","eventName":"InvokeGateway","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.1","userAgent":"python-httpx/0.28.1",
    "requestParameters":{"body":{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"Smithy___List___Tables","arguments":"REDACTED"}}},
    "responseElements":{"body":{"jsonrpc":"2.0","id":7,"result":{"isError":false,"content":"REDACTED"}},"contentType":"application/json","statusCode":200},
    "additionalEventData":{"targetId":"T1","jwt":{"headers":{"kid":"k","alg":"RS256"},"claims":{"sub":"user-1","token_use":"access","scope":"a/read a/write","iss":"https://idp.example.com","client_id":"c-1","exp":1752462876},"type":"JWS"},
        "downstreamRequestIds":["d-1","d-2",""]},
    "resources":[{"accountId":"111122223333","type":"AWS::BedrockAgentCore::Gateway","ARN":"arn:aws:bedrock-agentcore:us-east-1:111122223333:gateway/tools-0a1b"}],
    "readOnly":false,"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data",
    "tlsDetails":{"clientProvidedHostHeader":"tools-0a1b.gateway.bedrock-agentcore.us-east-1.amazonaws.com"}}"#;

#[test]
fn tool_calls() {
    check(
        TOOL_CALL,
        Some("tool_call aws-mcp.amazonaws.com event_type,event_source,user_agent"),
    );
    for source in [
        "aws-mcp.amazonaws.com",
        "aws-api-mcp.amazonaws.com",
        "sagemaker-unified-studio-mcp.amazonaws.com",
        "aws-mcp.us-east-1.api.aws",
    ] {
        check(
            &format!(r#"{{"eventSource":"{source}","eventName":"CallTool"}}"#),
            Some(&format!("tool_call {source} event_source")),
        );
    }
    check(
        r#"{"eventType":"awsmcpevent","eventSource":"new.amazonaws.com","mcpEventDetails":{"mcpServerName":"aws-mcp.us-east-1.api.aws"}}"#,
        Some("tool_call aws-mcp.us-east-1.api.aws event_type"),
    );
    check(
        r#"{"eventType":"AwsMcpEvent","eventSource":"new.amazonaws.com"}"#,
        Some("tool_call new.amazonaws.com event_type"),
    );
}

#[test]
fn gateways() {
    let arn = "arn:aws:bedrock-agentcore:us-east-1:111122223333:gateway/tools-0a1b";
    check(GATEWAY, Some(&format!("gateway {arn} gateway_event")));
    let call = |source: &str, name: &str, rest: &str| {
        format!(
            r#"{{"eventSource":"{source}.amazonaws.com","eventName":"{name}","awsRegion":"us-east-1","recipientAccountId":"111122223333"{rest}}}"#
        )
    };
    let agentcore = "bedrock-agentcore";
    check(
        &call(
            agentcore,
            "InvokeMcp",
            r#","tlsDetails":{"clientProvidedHostHeader":"tools-0a1b.gateway.bedrock-agentcore.us-east-1.amazonaws.com"}"#,
        ),
        Some(&format!("gateway {arn} gateway_event")),
    );
    check(
        &call(agentcore, "InvokeGateway", ""),
        Some("gateway - gateway_event"),
    );
    check(
        &call(
            agentcore,
            "CreateGatewayTarget",
            r#","requestParameters":{"gatewayIdentifier":"tools-0a1b"}"#,
        ),
        Some(&format!("gateway_admin {arn} gateway_event")),
    );
    check(
        &call(
            agentcore,
            "UpdateGateway",
            &format!(r#","requestParameters":{{"gatewayIdentifier":"{arn}"}}"#),
        ),
        Some(&format!("gateway_admin {arn} gateway_event")),
    );
    check(
        &call(
            "bedrock-agentcore-control",
            "CreateGateway",
            &format!(r#","responseElements":{{"gatewayArn":"{arn}"}}"#),
        ),
        Some(&format!("gateway_admin {arn} gateway_event")),
    );
    check(
        &call("bedrock-agentcore-control", "ListGatewayTargets", ""),
        Some("gateway_admin - gateway_event"),
    );
    check(&call(agentcore, "InvokeAgentRuntime", ""), None);
    check(&call("apigateway", "CreateGateway", ""), None);
    check(&call("ec2", "CreateNatGateway", ""), None);
}

#[test]
fn downstream_calls() {
    let server = "aws-mcp.amazonaws.com";
    check(
        &format!(
            r#"{{"eventSource":"sts.amazonaws.com","eventName":"GetCallerIdentity","userIdentity":{{"type":"IAMUser","invokedBy":"{server}"}},"sourceIPAddress":"{server}","userAgent":"{server}"}}"#
        ),
        Some("downstream aws-mcp.amazonaws.com invoked_by,source_ip_address,user_agent"),
    );
    check(
        r#"{"userIdentity":{"invokedBy":"eks-mcp.amazonaws.com"},"sourceIPAddress":"192.0.2.1"}"#,
        Some("downstream eks-mcp.amazonaws.com invoked_by"),
    );
    check(
        &format!(r#"{{"userIdentity":{{"type":"IAMUser"}},"sourceIPAddress":"{server}"}}"#),
        Some("downstream aws-mcp.amazonaws.com source_ip_address"),
    );
    check(
        &format!(r#"{{"userIdentity":{{"invokedBy":""}},"sourceIPAddress":"{server}"}}"#),
        Some("downstream aws-mcp.amazonaws.com source_ip_address"),
    );
    check(
        r#"{"userIdentity":{"invokedBy":"aws\u002dmcp.amazonaws.com"}}"#,
        Some("downstream aws-mcp.amazonaws.com invoked_by"),
    );
    // Somebody else called: the address does not count.
    check(
        &format!(
            r#"{{"userIdentity":{{"invokedBy":"cloudformation.amazonaws.com"}},"sourceIPAddress":"{server}"}}"#
        ),
        None,
    );
    check(
        r#"{"userIdentity":{"invokedBy":"mcp.amazonaws.com"}}"#,
        None,
    );
}

#[test]
fn words_in_additional_event_data() {
    let check = |data: &str, expected: Option<&str>| {
        check(&format!(r#"{{"additionalEventData":{data}}}"#), expected);
    };
    let called = Some("downstream - called_via_aws_mcp");
    let via = Some("downstream - via_aws_mcp_service");
    check(
        r#"{"CalledViaAWSMCP":"aws-mcp.amazonaws.com"}"#,
        Some("downstream aws-mcp.amazonaws.com called_via_aws_mcp"),
    );
    check(
        r#"{"aws:CalledViaAWSMCP":"aws-mcp.amazonaws.com","aws:ViaAWSMCPService":true}"#,
        Some("downstream aws-mcp.amazonaws.com called_via_aws_mcp,via_aws_mcp_service"),
    );
    check(r#"{"viaawsmcpservice":"true"}"#, via);
    check(r#"{"AWS:VIAAWSMCPSERVICE":1}"#, via);
    check(r#"{"a":[{"b":{"calledViaAwsMcp":["x"]}}]}"#, called);
    check(r#"{"a":["ViaAWSMCPService"]}"#, via);
    check(r#"{"a":{"b":"aws:calledviaawsmcp"}}"#, called);
    check(r#""CalledViaAWSMCP""#, called);
    check(r#"{"Called\u0056iaAWSMCP":true}"#, called);
    check(r#"{"CalledViaAWS\u004dCP":true}"#, called);
    check(r#"{"a":"ViaAWS\u004dCPService"}"#, via);
    for nothing in [
        r#"{"CalledViaAWSMCP":false}"#,
        r#"{"ViaAWSMCPService":"False"}"#,
        r#"{"CalledViaAWSMCP":null}"#,
        r#"{"CalledViaAWSMCP":""}"#,
        r#"{"CalledViaAWSMCP":[]}"#,
        r#"{"CalledViaAWSMCP":["false"]}"#,
        r#"{"CalledViaAWSMCP":{}}"#,
        r#"{"NotCalledViaAWSMCP":true}"#,
        r#"{"CalledViaAWSMCPx":true}"#,
        r#"{"a":"it was CalledViaAWSMCP"}"#,
        r#"{"a":"awsmcp"}"#,
        r#"{"signInSessionArn":"arn:aws:signin:us-east-1:1:session/s"}"#,
        r#""x""#,
        "null",
    ] {
        check(nothing, None);
    }
}

#[test]
fn the_words_elsewhere_mean_nothing() {
    for record in [
        r#"{"requestParameters":{"policyDocument":"{\"Condition\":{\"Bool\":{\"aws:ViaAWSMCPService\":\"true\"}}}"}}"#,
        r#"{"requestParameters":{"CalledViaAWSMCP":"aws-mcp.amazonaws.com"}}"#,
        r#"{"responseElements":{"ViaAWSMCPService":true}}"#,
        r#"{"serviceEventDetails":{"CalledViaAWSMCP":true}}"#,
        r#"{"CalledViaAWSMCP":true}"#,
        r#"{"userIdentity":{"sessionContext":{"signInSessionArn":"arn:aws:signin:us-east-1:1:session/s"}}}"#,
        r#"{"userAgent":"my-mcp-tool/1.0 (mcp)"}"#,
        r#"{"userAgent":["awslabs/mcp/x/1"]}"#,
        r#"{"eventSource":"ec2.amazonaws.com","eventName":"CallTool","eventType":"AwsApiCall"}"#,
        "{}",
    ] {
        check(record, None);
    }
}

#[test]
fn oauth_grants() {
    let grant = |name: &str, parameters: &str| {
        format!(
            r#"{{"eventSource":"signin.amazonaws.com","eventName":"{name}","requestParameters":{parameters},"additionalEventData":{{"success":"true","signInSessionArn":"arn:s"}}}}"#
        )
    };
    let resource = r#"{"resource":"https://aws-mcp.us-west-2.api.aws/mcp","client_id":"arn:aws:signin:us-west-2::external-client/dcr/1"}"#;
    for name in ["AuthorizeOAuth2Access", "CreateOAuth2Token"] {
        check(
            &grant(name, resource),
            Some("oauth_grant aws-mcp.us-west-2.api.aws oauth_resource"),
        );
    }
    check(
        &grant(
            "CreateOAuth2Token",
            r#"{"resource":["x","aws-mcp.amazonaws.com"]}"#,
        ),
        Some("oauth_grant aws-mcp.amazonaws.com oauth_resource"),
    );
    // `aws login`
    check(
        &grant(
            "CreateOAuth2Token",
            r#"{"client_id":"arn:aws:signin:::devtools/same-device"}"#,
        ),
        None,
    );
    check(
        &grant(
            "CreateOAuth2Token",
            r#"{"resource":"https://evil.example/aws-mcp.us-west-2.api.aws"}"#,
        ),
        None,
    );
    check(&grant("ConsoleLogin", resource), None);
    check(
        &grant("CreateOAuth2Token", resource).replace("signin.amazonaws.com", "sts.amazonaws.com"),
        None,
    );
}

#[test]
fn self_hosted_servers() {
    for (user_agent, server) in [
        (
            "Boto3/1.40 md/awslabs#mcp#aws-api-mcp-server#1.5.1",
            "aws-api-mcp-server",
        ),
        ("awslabs/mcp/ecs-mcp-server/0.1", "ecs-mcp-server"),
        ("awslabs.eks-mcp-server/0.1", "eks-mcp-server"),
        ("cfn-mcp-server/1.0.0", "cfn-mcp-server"),
        ("MCPClient/cursor", "-"),
        ("mcp-proxy-for-aws/1.7.0", "-"),
        ("ecs-mcp.amazonaws.com", "ecs-mcp.amazonaws.com"),
    ] {
        check(
            &format!(r#"{{"eventSource":"s3.amazonaws.com","userAgent":"{user_agent}"}}"#),
            Some(&format!("self_hosted {server} user_agent")),
        );
    }
}

#[test]
fn the_first_channel_wins_and_every_mark_is_named() {
    check(
        r#"{"eventType":"AwsMcpEvent","eventSource":"bedrock-agentcore.amazonaws.com","eventName":"InvokeGateway",
            "userIdentity":{"invokedBy":"eks-mcp.amazonaws.com"},"sourceIPAddress":"eks-mcp.amazonaws.com","userAgent":"awslabs/mcp/x/1",
            "additionalEventData":{"CalledViaAWSMCP":true,"ViaAWSMCPService":true}}"#,
        Some(
            "tool_call bedrock-agentcore.amazonaws.com event_type,invoked_by,source_ip_address,called_via_aws_mcp,via_aws_mcp_service,gateway_event,user_agent",
        ),
    );
    check(
        r#"{"eventSource":"signin.amazonaws.com","eventName":"CreateOAuth2Token","requestParameters":{"resource":"https://aws-mcp.us-west-2.api.aws/mcp"},"userAgent":"mcp-proxy-for-aws/1"}"#,
        Some("oauth_grant aws-mcp.us-west-2.api.aws oauth_resource,user_agent"),
    );
    check(
        r#"{"eventSource":"bedrock-agentcore.amazonaws.com","eventName":"GetGateway","userIdentity":{"invokedBy":"aws-mcp.amazonaws.com"}}"#,
        Some("gateway_admin - invoked_by,gateway_event"),
    );
}

#[test]
fn detail_of_a_tool_call() {
    check_detail(
        TOOL_CALL,
        |found| {
            found
                == McpDetail {
                    mcp_client: Some("shelltest/1".into()),
                    mcp_method: Some("tools/call"),
                    mcp_tool: Some("run_script"),
                    mcp_tool_prefix: Some("aws"),
                    jsonrpc_id: Some("2"),
                    sign_in_session_arn: Some("arn:aws:signin:us-east-1:111122223333:session/s"),
                    downstream_request_ids: vec!["r-1", "r-2"],
                    ..McpDetail::default()
                }
        },
        true,
    );
}

#[test]
fn detail_of_a_gateway_call() {
    check_detail(
        GATEWAY,
        |found| {
            found
                == McpDetail {
                    mcp_client: Some("python-httpx/0.28.1".into()),
                    mcp_method: Some("tools/call"),
                    mcp_tool: Some("List___Tables"),
                    mcp_tool_prefix: Some("Smithy"),
                    mcp_target_id: Some("T1"),
                    jsonrpc_id: Some("7"),
                    status_code: Some(200),
                    jwt_subject: Some("user-1"),
                    jwt_issuer: Some("https://idp.example.com"),
                    jwt_client_id: Some("c-1"),
                    jwt_scope: Some("a/read a/write".into()),
                    downstream_request_ids: vec!["d-1", "d-2"],
                    resource_arns: vec![
                        "arn:aws:bedrock-agentcore:us-east-1:111122223333:gateway/tools-0a1b",
                    ],
                    ..McpDetail::default()
                }
        },
        true,
    );
}

#[test]
fn detail_by_part() {
    let tool = |parameters: &str| {
        format!(
            r#"{{"eventType":"AwsMcpEvent","eventSource":"aws-mcp.amazonaws.com","eventName":"CallTool","requestParameters":{parameters}}}"#
        )
    };
    let names = |record: &str, method: Option<&str>, prefix: Option<&str>, name: Option<&str>| {
        check_detail(
            record,
            |d| d.mcp_method == method && d.mcp_tool_prefix == prefix && d.mcp_tool == name,
            true,
        );
    };
    names(
        &tool(r#"{"method":"tools/call","params":{"name":"search"}}"#),
        Some("tools/call"),
        None,
        Some("search"),
    );
    names(
        &tool(r#"{"params":{"name":"a___b___c"}}"#),
        None,
        Some("a"),
        Some("b___c"),
    );
    names(
        &tool(r#"{"method":"call_aws","params":{}}"#),
        Some("call_aws"),
        None,
        Some("call_aws"),
    );
    names(
        &tool(r#"{"method":"session/destroy"}"#),
        Some("session/destroy"),
        None,
        None,
    );
    names(
        &tool(r#"{"method":"prompts/get","params":{"name":"p"}}"#),
        Some("prompts/get"),
        None,
        None,
    );
    names(&tool("null"), None, None, None);
    names(&tool(r#""***""#), None, None, None);

    let begin = GATEWAY.replace(
        r#""params":{"name":"Smithy___List___Tables","arguments":"REDACTED"}"#,
        r#""params":{"clientInfo":{"name":"kiro","version":"1.2"},"protocolVersion":"2025-06-18"}"#,
    );
    let begin = begin.replace("tools/call", "initialize");
    check_detail(
        &begin,
        |d| d.mcp_client.map(std::borrow::Cow::into_owned),
        Some("kiro/1.2".to_owned()),
    );
    names(&begin, Some("initialize"), None, None);

    let details = r#"{"eventType":"AwsMcpEvent","mcpEventDetails":{"sessionId":"s-1"},"requestParameters":{"id":"req-a"}}"#;
    check_detail(
        details,
        |d| {
            (
                d.mcp_session_id == Some("s-1"),
                d.jsonrpc_id == Some("req-a"),
            )
        },
        (true, true),
    );
    let scopes = GATEWAY
        .replace(r#""scope":"a/read a/write""#, r#""scp":["a","b"]"#)
        .replace(r#""client_id":"c-1""#, r#""azp":"c-2""#);
    check_detail(
        &scopes,
        |d| {
            (
                d.jwt_scope.as_deref() == Some("a b"),
                d.jwt_client_id == Some("c-2"),
            )
        },
        (true, true),
    );
    check_detail(
        r#"{"eventSource":"bedrock-agentcore.amazonaws.com","eventName":"CreateGatewayTarget","requestParameters":{"name":"x"},"responseElements":{"targetId":"T2","statusCode":500},"userAgent":"aws-cli/2"}"#,
        |d| {
            (
                d.mcp_target_id == Some("T2"),
                d.status_code,
                d.is_error,
                d.mcp_tool.is_none(),
                d.mcp_client.is_none(),
            )
        },
        (true, None, false, true, true),
    );
}

#[test]
fn errors_of_mcp() {
    let gateway = |response: &str| {
        format!(
            r#"{{"eventSource":"bedrock-agentcore.amazonaws.com","eventName":"InvokeGateway","responseElements":{response}}}"#
        )
    };
    let check = |record: &str, expected: bool| {
        check_detail(record, |d| d.is_error, expected);
        let found = with(record, |record| is_error(record, classify(record).as_ref()));
        assert_eq!(found, expected, "{record}");
    };
    check(
        &gateway(r#"{"statusCode":200,"body":{"result":{"isError":false}}}"#),
        false,
    );
    check(&gateway(r#"{"statusCode":399}"#), false);
    check(&gateway(r#"{"statusCode":400}"#), true);
    check(&gateway(r#"{"statusCode":"503"}"#), true);
    check(
        &gateway(r#"{"statusCode":200,"body":{"result":{"isError":true}}}"#),
        true,
    );
    check(
        &gateway(r#"{"statusCode":200,"body":{"result":{"isError":"true"}}}"#),
        true,
    );
    check(
        &gateway(r#"{"statusCode":200,"body":{"error":null}}"#),
        false,
    );
    check(&gateway("null"), false);
    let failed = gateway(
        r#"{"statusCode":200,"body":{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"Unknown tool"}}}"#,
    );
    check(&failed, true);
    check_detail(
        &failed,
        |d| {
            (
                d.jsonrpc_error_code,
                d.jsonrpc_error_message == Some("Unknown tool"),
                d.jsonrpc_id == Some("1"),
            )
        },
        (Some(-32602), true, true),
    );
    check(
        r#"{"eventType":"AwsMcpEvent","responseElements":{"content":[],"isError":true}}"#,
        true,
    );
    check(
        r#"{"eventType":"AwsMcpEvent","errorCode":"AccessDenied"}"#,
        true,
    );
    // What an ordinary API answers is not MCP's.
    let downstream = r#"{"eventSource":"lambda.amazonaws.com","sourceIPAddress":"aws-mcp.amazonaws.com","responseElements":{"statusCode":500,"error":"x","isError":true}}"#;
    check(downstream, false);
}

#[test]
fn errors_of_any_event() {
    for (record, expected) in [
        ("{}", false),
        (r#"{"errorCode":"AccessDenied"}"#, true),
        (r#"{"errorCode":""}"#, false),
        (r#"{"errorCode":null,"errorMessage":"x"}"#, false),
        (
            r#"{"eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","errorMessage":"Failed authentication","responseElements":{"ConsoleLogin":"Failure"}}"#,
            true,
        ),
        (
            r#"{"eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","responseElements":{"ConsoleLogin":"Success"}}"#,
            false,
        ),
        (
            r#"{"eventSource":"signin.amazonaws.com","eventName":"CreateOAuth2Token","additionalEventData":{"success":"false"}}"#,
            true,
        ),
    ] {
        assert_eq!(
            with(record, |record| is_error(record, None)),
            expected,
            "{record}"
        );
    }
}

#[test]
fn links_to_downstream_requests() {
    let check = |record: &str, expected: &[(&str, Option<&str>, Option<&str>)]| {
        with(record, |record| {
            let mcp = classify(record).expect("an agent's");
            let found: Vec<_> = links(record, &mcp)
                .into_iter()
                .map(|link| (link.request_id, link.api, link.region))
                .collect();
            assert_eq!(found, expected);
        });
    };
    check(
        TOOL_CALL,
        &[
            ("r-1", Some("sts:GetCallerIdentity"), Some("eu-west-1")),
            ("r-2", None, None),
        ],
    );
    check(GATEWAY, &[("d-1", None, None), ("d-2", None, None)]);
    check(r#"{"eventType":"AwsMcpEvent"}"#, &[]);
    check(
        r#"{"sourceIPAddress":"aws-mcp.amazonaws.com","additionalEventData":{"downstreamRequests":[{"requestId":"r"}]}}"#,
        &[],
    );
}

#[test]
fn marks_as_a_set() {
    let marks = Evidence::USER_AGENT | Evidence::EVENT_TYPE;
    assert_eq!(
        marks.names().collect::<Vec<_>>(),
        ["event_type", "user_agent"]
    );
    assert!(marks.contains(Evidence::USER_AGENT) && !marks.contains(Evidence::INVOKED_BY));
    assert!(Evidence::NONE.is_empty() && !marks.is_empty());
    assert_eq!(Evidence::default().names().count(), 0);
}
