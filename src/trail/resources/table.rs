//! The table of resources in requests and answers: event source, event, place and path, ARN, type, and for each rule a
//! record that it was written for.
//!
//! It is used where a record lists no `resources`. One rule is two lines:
//!
//! ```text
//! "<event pattern>" <place> "<path>": "<ARN template>" = "<type>",
//!     <an event> {<its requestParameters or responseElements>} -> "<the ARN it names>";
//! ```
//!
//! - The pattern has `*` for any text and `|` between alternatives.
//! - The place is `request` or `response`; `or_request` and `or_response` are a last resort, for when nothing of that
//!   type was found by the rules above (a role's name gives an ARN without its path: better take the answer's).
//! - Case does not count in a path; `[]` is for the reader, every array on the way is gone through. The one member of a
//!   request such as `{"CreateNatGatewayRequest": {…}}` is opened first.
//! - Templates stand behind `arn:<partition>:`. A value that is an ARN already is taken as it is, and the template
//!   `{value}` takes nothing else. `{region}` and `{account}` are the record's, `{last}` and `{before_last}` parts of
//!   the value between slashes, `{unslashed}` the value without its first slash, and any other name is a member of the
//!   request. After `{by_id}|` stands what to do with an id that `IDS` does not know.
//!
//! The source `*` is every source. ARN formats are those of the service authorization reference
//! (docs.aws.amazon.com/service-authorization/latest/reference/).

#[cfg(test)]
use super::rule::Example;
use super::rule::{Id, Place, Rule, Source};

macro_rules! ids {
    ($($prefix:literal: $arn:literal = $kind:literal;)*) => {
        pub(super) const IDS: &[Id] = &[$(Id { prefix: $prefix, arn: $arn, kind: $kind }),*];
    };
}

ids! {
    "i-": "ec2:{region}:{account}:instance/{value}" = "AWS::EC2::Instance";
    "mi-": "ssm:{region}:{account}:managed-instance/{value}" = "AWS::SSM::ManagedInstance";
    "ami-": "ec2:{region}::image/{value}" = "AWS::EC2::Image";
    "sg-": "ec2:{region}:{account}:security-group/{value}" = "AWS::EC2::SecurityGroup";
    "vpc-": "ec2:{region}:{account}:vpc/{value}" = "AWS::EC2::VPC";
    "subnet-": "ec2:{region}:{account}:subnet/{value}" = "AWS::EC2::Subnet";
    "rtb-": "ec2:{region}:{account}:route-table/{value}" = "AWS::EC2::RouteTable";
    "vol-": "ec2:{region}:{account}:volume/{value}" = "AWS::EC2::Volume";
    "snap-": "ec2:{region}::snapshot/{value}" = "AWS::EC2::Snapshot";
    "eni-": "ec2:{region}:{account}:network-interface/{value}" = "AWS::EC2::NetworkInterface";
    "igw-": "ec2:{region}:{account}:internet-gateway/{value}" = "AWS::EC2::InternetGateway";
    "nat-": "ec2:{region}:{account}:natgateway/{value}" = "AWS::EC2::NatGateway";
    "eipalloc-": "ec2:{region}:{account}:elastic-ip/{value}" = "AWS::EC2::EIP";
    "acl-": "ec2:{region}:{account}:network-acl/{value}" = "AWS::EC2::NetworkAcl";
    "vpce-": "ec2:{region}:{account}:vpc-endpoint/{value}" = "AWS::EC2::VPCEndpoint";
    "lt-": "ec2:{region}:{account}:launch-template/{value}" = "AWS::EC2::LaunchTemplate";
    "fl-": "ec2:{region}:{account}:vpc-flow-log/{value}" = "AWS::EC2::FlowLog";
    "pcx-": "ec2:{region}:{account}:vpc-peering-connection/{value}" = "AWS::EC2::VPCPeeringConnection";
    "tgw-attach-": "ec2:{region}:{account}:transit-gateway-attachment/{value}" = "AWS::EC2::TransitGatewayAttachment";
    "tgw-rtb-": "ec2:{region}:{account}:transit-gateway-route-table/{value}" = "AWS::EC2::TransitGatewayRouteTable";
    "tgw-": "ec2:{region}:{account}:transit-gateway/{value}" = "AWS::EC2::TransitGateway";
    "dopt-": "ec2:{region}:{account}:dhcp-options/{value}" = "AWS::EC2::DHCPOptions";
    "eigw-": "ec2:{region}:{account}:egress-only-internet-gateway/{value}" = "AWS::EC2::EgressOnlyInternetGateway";
    "vgw-": "ec2:{region}:{account}:vpn-gateway/{value}" = "AWS::EC2::VPNGateway";
    "cgw-": "ec2:{region}:{account}:customer-gateway/{value}" = "AWS::EC2::CustomerGateway";
    "alias/": "kms:{region}:{account}:{value}" = "AWS::KMS::Alias";
}

/// How the resource in an ARN begins, and its type, where no template below says so.
pub(super) const ARNS: &[(&str, &str, &str)] = &[
    (
        "elasticloadbalancing",
        "loadbalancer/app/",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
    ),
    (
        "elasticloadbalancing",
        "loadbalancer/net/",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
    ),
    (
        "elasticloadbalancing",
        "loadbalancer/gwy/",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
    ),
    (
        "elasticloadbalancing",
        "targetgroup/",
        "AWS::ElasticLoadBalancingV2::TargetGroup",
    ),
    (
        "elasticloadbalancing",
        "listener/",
        "AWS::ElasticLoadBalancingV2::Listener",
    ),
    (
        "elasticloadbalancing",
        "listener-rule/",
        "AWS::ElasticLoadBalancingV2::ListenerRule",
    ),
    ("ssm", "association/", "AWS::SSM::Association"),
    (
        "ssm",
        "managed-instance-inventory/",
        "AWS::SSM::ManagedInstanceInventory",
    ),
    ("iam", "saml-provider/", "AWS::IAM::SAMLProvider"),
    ("iam", "oidc-provider/", "AWS::IAM::OIDCProvider"),
    (
        "acm",
        "certificate/",
        "AWS::CertificateManager::Certificate",
    ),
    ("states", "execution:", "AWS::StepFunctions::Execution"),
];

macro_rules! place {
    (request) => {
        (Place::Request, false)
    };
    (or_request) => {
        (Place::Request, true)
    };
    (response) => {
        (Place::Response, false)
    };
    (or_response) => {
        (Place::Response, true)
    };
}

macro_rules! sources {
    ($($name:literal {$(
        $event:literal $place:ident $path:literal: $arn:literal = $kind:literal,
            $example:ident $json:tt -> $found:literal;
    )*})*) => {
        pub(super) const SOURCES: &[Source] = &[$(Source { name: $name, rules: &[$(Rule {
            event: $event,
            place: place!($place).0,
            last_resort: place!($place).1,
            path: $path,
            arn: $arn,
            kind: $kind,
            #[cfg(test)]
            example: Example { event: stringify!($example), json: stringify!($json), arn: $found },
        }),*] }),*];
    };
}

sources! {
    "*" {
        "*" request "resourceArn": "{value}" = "",
            TagResource {"resourceArn": "arn:aws:states:us-east-1:111122223333:stateMachine:m"}
                -> "arn:aws:states:us-east-1:111122223333:stateMachine:m";
        "*" request "resourceArns[]": "{value}" = "",
            AddTags {"resourceArns": ["arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/test/43"]}
                -> "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/test/43";
        "*" request "resourceARNList[]": "{value}" = "",
            TagResources {"resourceARNList": ["arn:aws:sqs:us-east-1:111122223333:q"]}
                -> "arn:aws:sqs:us-east-1:111122223333:q";
    }
    "s3.amazonaws.com" {
        "*" request "bucketName": "s3:::{value}" = "AWS::S3::Bucket",
            CreateBucket {"bucketName": "logs"} -> "arn:aws:s3:::logs";
        "Delete*" request "key": "s3:::{bucketName}/{value}" = "AWS::S3::Object",
            DeleteObject {"key": "a/b.json", "bucketName": "logs"} -> "arn:aws:s3:::logs/a/b.json";
    }
    "ec2.amazonaws.com" {
        "*" request "instanceId": "ec2:{region}:{account}:instance/{value}" = "AWS::EC2::Instance",
            ModifyInstanceAttribute {"instanceId": "i-1"} -> "arn:aws:ec2:us-east-1:111122223333:instance/i-1";
        "*" request "instanceIds[]": "ec2:{region}:{account}:instance/{value}" = "AWS::EC2::Instance",
            MonitorInstances {"instanceIds": ["i-1"]} -> "arn:aws:ec2:us-east-1:111122223333:instance/i-1";
        "*" request "instancesSet.items[].instanceId": "ec2:{region}:{account}:instance/{value}" = "AWS::EC2::Instance",
            TerminateInstances {"instancesSet": {"items": [{"instanceId": "i-1"}]}}
                -> "arn:aws:ec2:us-east-1:111122223333:instance/i-1";
        "*" response "instancesSet.items[].instanceId":
            "ec2:{region}:{account}:instance/{value}" = "AWS::EC2::Instance",
            RunInstances {"instancesSet": {"items": [{"instanceId": "i-1"}]}}
                -> "arn:aws:ec2:us-east-1:111122223333:instance/i-1";
        "*" request "imageId": "ec2:{region}::image/{value}" = "AWS::EC2::Image",
            DeregisterImage {"imageId": "ami-1"} -> "arn:aws:ec2:us-east-1::image/ami-1";
        "*" request "sourceImageId": "ec2:{region}::image/{value}" = "AWS::EC2::Image",
            CopyImage {"sourceImageId": "ami-1"} -> "arn:aws:ec2:us-east-1::image/ami-1";
        "*" request "imagesSet.items[].imageId": "ec2:{region}::image/{value}" = "AWS::EC2::Image",
            DescribeImages {"imagesSet": {"items": [{"imageId": "ami-1"}]}} -> "arn:aws:ec2:us-east-1::image/ami-1";
        "*" request "instancesSet.items[].imageId": "ec2:{region}::image/{value}" = "AWS::EC2::Image",
            RunInstances {"instancesSet": {"items": [{"imageId": "ami-1"}]}} -> "arn:aws:ec2:us-east-1::image/ami-1";
        "*" response "imageId": "ec2:{region}::image/{value}" = "AWS::EC2::Image",
            RegisterImage {"imageId": "ami-1"} -> "arn:aws:ec2:us-east-1::image/ami-1";
        "*" request "groupId": "ec2:{region}:{account}:security-group/{value}" = "AWS::EC2::SecurityGroup",
            AuthorizeSecurityGroupIngress {"groupId": "sg-1"}
                -> "arn:aws:ec2:us-east-1:111122223333:security-group/sg-1";
        "*" request "groupSet.items[].groupId":
            "ec2:{region}:{account}:security-group/{value}" = "AWS::EC2::SecurityGroup",
            RunInstances {"groupSet": {"items": [{"groupId": "sg-1"}]}}
                -> "arn:aws:ec2:us-east-1:111122223333:security-group/sg-1";
        "*" request "securityGroupIdSet.items[].groupId":
            "ec2:{region}:{account}:security-group/{value}" = "AWS::EC2::SecurityGroup",
            DescribeSecurityGroups {"securityGroupIdSet": {"items": [{"groupId": "sg-1"}]}}
                -> "arn:aws:ec2:us-east-1:111122223333:security-group/sg-1";
        "*" request "networkInterfaceSet.items[].groupSet.items[].groupId":
            "ec2:{region}:{account}:security-group/{value}" = "AWS::EC2::SecurityGroup",
            RunInstances {"networkInterfaceSet": {"items": [{"groupSet": {"items": [{"groupId": "sg-1"}]}}]}}
                -> "arn:aws:ec2:us-east-1:111122223333:security-group/sg-1";
        "*" response "groupId": "ec2:{region}:{account}:security-group/{value}" = "AWS::EC2::SecurityGroup",
            CreateSecurityGroup {"groupId": "sg-1"} -> "arn:aws:ec2:us-east-1:111122223333:security-group/sg-1";
        "*" request "vpcId": "ec2:{region}:{account}:vpc/{value}" = "AWS::EC2::VPC",
            DeleteVpc {"vpcId": "vpc-1"} -> "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1";
        "*" request "peerVpcId": "ec2:{region}:{account}:vpc/{value}" = "AWS::EC2::VPC",
            CreateVpcPeeringConnection {"peerVpcId": "vpc-1"} -> "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1";
        "*" request "vpcSet.items[].vpcId": "ec2:{region}:{account}:vpc/{value}" = "AWS::EC2::VPC",
            DescribeVpcs {"vpcSet": {"items": [{"vpcId": "vpc-1"}]}} -> "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1";
        "*" response "vpc.vpcId": "ec2:{region}:{account}:vpc/{value}" = "AWS::EC2::VPC",
            CreateVpc {"vpc": {"vpcId": "vpc-1"}} -> "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1";
        "*" request "subnetId": "ec2:{region}:{account}:subnet/{value}" = "AWS::EC2::Subnet",
            DeleteSubnet {"subnetId": "subnet-1"} -> "arn:aws:ec2:us-east-1:111122223333:subnet/subnet-1";
        "*" request "subnetSet.items[].subnetId": "ec2:{region}:{account}:subnet/{value}" = "AWS::EC2::Subnet",
            DescribeSubnets {"subnetSet": {"items": [{"subnetId": "subnet-1"}]}}
                -> "arn:aws:ec2:us-east-1:111122223333:subnet/subnet-1";
        "*" request "networkInterfaceSet.items[].subnetId":
            "ec2:{region}:{account}:subnet/{value}" = "AWS::EC2::Subnet",
            RunInstances {"networkInterfaceSet": {"items": [{"subnetId": "subnet-1"}]}}
                -> "arn:aws:ec2:us-east-1:111122223333:subnet/subnet-1";
        "*" response "subnet.subnetId": "ec2:{region}:{account}:subnet/{value}" = "AWS::EC2::Subnet",
            CreateSubnet {"subnet": {"subnetId": "subnet-1"}} -> "arn:aws:ec2:us-east-1:111122223333:subnet/subnet-1";
        "*" request "routeTableId": "ec2:{region}:{account}:route-table/{value}" = "AWS::EC2::RouteTable",
            CreateRoute {"routeTableId": "rtb-1"} -> "arn:aws:ec2:us-east-1:111122223333:route-table/rtb-1";
        "*" request "routeTableIdSet.items[].routeTableId":
            "ec2:{region}:{account}:route-table/{value}" = "AWS::EC2::RouteTable",
            DescribeRouteTables {"routeTableIdSet": {"items": [{"routeTableId": "rtb-1"}]}}
                -> "arn:aws:ec2:us-east-1:111122223333:route-table/rtb-1";
        "*" response "routeTable.routeTableId": "ec2:{region}:{account}:route-table/{value}" = "AWS::EC2::RouteTable",
            CreateRouteTable {"routeTable": {"routeTableId": "rtb-1"}}
                -> "arn:aws:ec2:us-east-1:111122223333:route-table/rtb-1";
        "*" request "volumeId": "ec2:{region}:{account}:volume/{value}" = "AWS::EC2::Volume",
            AttachVolume {"volumeId": "vol-1"} -> "arn:aws:ec2:us-east-1:111122223333:volume/vol-1";
        "*" request "volumeSet.items[].volumeId": "ec2:{region}:{account}:volume/{value}" = "AWS::EC2::Volume",
            DescribeVolumes {"volumeSet": {"items": [{"volumeId": "vol-1"}]}}
                -> "arn:aws:ec2:us-east-1:111122223333:volume/vol-1";
        "*" response "volumeId": "ec2:{region}:{account}:volume/{value}" = "AWS::EC2::Volume",
            CreateVolume {"volumeId": "vol-1"} -> "arn:aws:ec2:us-east-1:111122223333:volume/vol-1";
        "*" request "snapshotId": "ec2:{region}::snapshot/{value}" = "AWS::EC2::Snapshot",
            ModifySnapshotAttribute {"snapshotId": "snap-1"} -> "arn:aws:ec2:us-east-1::snapshot/snap-1";
        "*" request "sourceSnapshotId": "ec2:{region}::snapshot/{value}" = "AWS::EC2::Snapshot",
            CopySnapshot {"sourceSnapshotId": "snap-1"} -> "arn:aws:ec2:us-east-1::snapshot/snap-1";
        "*" request "snapshotSet.items[].snapshotId": "ec2:{region}::snapshot/{value}" = "AWS::EC2::Snapshot",
            DescribeSnapshots {"snapshotSet": {"items": [{"snapshotId": "snap-1"}]}}
                -> "arn:aws:ec2:us-east-1::snapshot/snap-1";
        "*" request "blockDeviceMapping.items[].ebs.snapshotId":
            "ec2:{region}::snapshot/{value}" = "AWS::EC2::Snapshot",
            RegisterImage {"blockDeviceMapping": {"items": [{"ebs": {"snapshotId": "snap-1"}}]}}
                -> "arn:aws:ec2:us-east-1::snapshot/snap-1";
        "*" response "snapshotId": "ec2:{region}::snapshot/{value}" = "AWS::EC2::Snapshot",
            CreateSnapshot {"snapshotId": "snap-1"} -> "arn:aws:ec2:us-east-1::snapshot/snap-1";
        "*" response "snapshotSet.items[].snapshotId": "ec2:{region}::snapshot/{value}" = "AWS::EC2::Snapshot",
            CreateSnapshots {"snapshotSet": {"items": [{"snapshotId": "snap-1"}]}}
                -> "arn:aws:ec2:us-east-1::snapshot/snap-1";
        "*" request "keyName": "ec2:{region}:{account}:key-pair/{value}" = "AWS::EC2::KeyPair",
            CreateKeyPair {"keyName": "my-key"} -> "arn:aws:ec2:us-east-1:111122223333:key-pair/my-key";
        "*" request "keySet.items[].keyName": "ec2:{region}:{account}:key-pair/{value}" = "AWS::EC2::KeyPair",
            DescribeKeyPairs {"keySet": {"items": [{"keyName": "my-key"}]}}
                -> "arn:aws:ec2:us-east-1:111122223333:key-pair/my-key";
        "*" request "instancesSet.items[].keyName": "ec2:{region}:{account}:key-pair/{value}" = "AWS::EC2::KeyPair",
            RunInstances {"instancesSet": {"items": [{"keyName": "my-key"}]}}
                -> "arn:aws:ec2:us-east-1:111122223333:key-pair/my-key";
        "*" request "networkInterfaceId":
            "ec2:{region}:{account}:network-interface/{value}" = "AWS::EC2::NetworkInterface",
            DeleteNetworkInterface {"networkInterfaceId": "eni-1"}
                -> "arn:aws:ec2:us-east-1:111122223333:network-interface/eni-1";
        "*" request "networkInterfaceIdSet.items[].networkInterfaceId":
            "ec2:{region}:{account}:network-interface/{value}" = "AWS::EC2::NetworkInterface",
            DescribeNetworkInterfaces {"networkInterfaceIdSet": {"items": [{"networkInterfaceId": "eni-1"}]}}
                -> "arn:aws:ec2:us-east-1:111122223333:network-interface/eni-1";
        "*" request "networkInterfaceSet.items[].networkInterfaceId":
            "ec2:{region}:{account}:network-interface/{value}" = "AWS::EC2::NetworkInterface",
            RunInstances {"networkInterfaceSet": {"items": [{"networkInterfaceId": "eni-1"}]}}
                -> "arn:aws:ec2:us-east-1:111122223333:network-interface/eni-1";
        "*" response "networkInterface.networkInterfaceId":
            "ec2:{region}:{account}:network-interface/{value}" = "AWS::EC2::NetworkInterface",
            CreateNetworkInterface {"networkInterface": {"networkInterfaceId": "eni-1"}}
                -> "arn:aws:ec2:us-east-1:111122223333:network-interface/eni-1";
        "*" request "internetGatewayId":
            "ec2:{region}:{account}:internet-gateway/{value}" = "AWS::EC2::InternetGateway",
            AttachInternetGateway {"internetGatewayId": "igw-1"}
                -> "arn:aws:ec2:us-east-1:111122223333:internet-gateway/igw-1";
        "*" request "internetGatewayIdSet.items[].internetGatewayId":
            "ec2:{region}:{account}:internet-gateway/{value}" = "AWS::EC2::InternetGateway",
            DescribeInternetGateways {"internetGatewayIdSet": {"items": [{"internetGatewayId": "igw-1"}]}}
                -> "arn:aws:ec2:us-east-1:111122223333:internet-gateway/igw-1";
        "*" response "internetGateway.internetGatewayId":
            "ec2:{region}:{account}:internet-gateway/{value}" = "AWS::EC2::InternetGateway",
            CreateInternetGateway {"internetGateway": {"internetGatewayId": "igw-1"}}
                -> "arn:aws:ec2:us-east-1:111122223333:internet-gateway/igw-1";
        "*" request "natGatewayId": "ec2:{region}:{account}:natgateway/{value}" = "AWS::EC2::NatGateway",
            DeleteNatGateway {"DeleteNatGatewayRequest": {"NatGatewayId": "nat-1"}}
                -> "arn:aws:ec2:us-east-1:111122223333:natgateway/nat-1";
        "*" response "natGateway.natGatewayId": "ec2:{region}:{account}:natgateway/{value}" = "AWS::EC2::NatGateway",
            CreateNatGateway {"CreateNatGatewayResponse": {"natGateway": {"natGatewayId": "nat-1"}}}
                -> "arn:aws:ec2:us-east-1:111122223333:natgateway/nat-1";
        "*" request "allocationId": "ec2:{region}:{account}:elastic-ip/{value}" = "AWS::EC2::EIP",
            ReleaseAddress {"allocationId": "eipalloc-1"} -> "arn:aws:ec2:us-east-1:111122223333:elastic-ip/eipalloc-1";
        "*" request "allocationIdsSet.items[].allocationId":
            "ec2:{region}:{account}:elastic-ip/{value}" = "AWS::EC2::EIP",
            DescribeAddresses {"allocationIdsSet": {"items": [{"allocationId": "eipalloc-1"}]}}
                -> "arn:aws:ec2:us-east-1:111122223333:elastic-ip/eipalloc-1";
        "*" response "allocationId": "ec2:{region}:{account}:elastic-ip/{value}" = "AWS::EC2::EIP",
            AllocateAddress {"allocationId": "eipalloc-1"}
                -> "arn:aws:ec2:us-east-1:111122223333:elastic-ip/eipalloc-1";
        "*" request "networkAclId": "ec2:{region}:{account}:network-acl/{value}" = "AWS::EC2::NetworkAcl",
            CreateNetworkAclEntry {"networkAclId": "acl-1"} -> "arn:aws:ec2:us-east-1:111122223333:network-acl/acl-1";
        "*" request "networkAclIdSet.items[].networkAclId":
            "ec2:{region}:{account}:network-acl/{value}" = "AWS::EC2::NetworkAcl",
            DescribeNetworkAcls {"networkAclIdSet": {"items": [{"networkAclId": "acl-1"}]}}
                -> "arn:aws:ec2:us-east-1:111122223333:network-acl/acl-1";
        "*" response "networkAcl.networkAclId": "ec2:{region}:{account}:network-acl/{value}" = "AWS::EC2::NetworkAcl",
            CreateNetworkAcl {"networkAcl": {"networkAclId": "acl-1"}}
                -> "arn:aws:ec2:us-east-1:111122223333:network-acl/acl-1";
        "*" request "vpcEndpointId": "ec2:{region}:{account}:vpc-endpoint/{value}" = "AWS::EC2::VPCEndpoint",
            ModifyVpcEndpoint {"vpcEndpointId": "vpce-0a1b"}
                -> "arn:aws:ec2:us-east-1:111122223333:vpc-endpoint/vpce-0a1b";
        "*" response "vpcEndpoint.vpcEndpointId":
            "ec2:{region}:{account}:vpc-endpoint/{value}" = "AWS::EC2::VPCEndpoint",
            CreateVpcEndpoint {"CreateVpcEndpointResponse": {"vpcEndpoint": {"vpcEndpointId": "vpce-0a1b"}}}
                -> "arn:aws:ec2:us-east-1:111122223333:vpc-endpoint/vpce-0a1b";
        "*" request "launchTemplateId": "ec2:{region}:{account}:launch-template/{value}" = "AWS::EC2::LaunchTemplate",
            DeleteLaunchTemplate {"launchTemplateId": "lt-0a1b"}
                -> "arn:aws:ec2:us-east-1:111122223333:launch-template/lt-0a1b";
        "*" request "launchTemplate.launchTemplateId":
            "ec2:{region}:{account}:launch-template/{value}" = "AWS::EC2::LaunchTemplate",
            RunInstances {"launchTemplate": {"launchTemplateId": "lt-0a1b"}}
                -> "arn:aws:ec2:us-east-1:111122223333:launch-template/lt-0a1b";
        "*" response "launchTemplate.launchTemplateId":
            "ec2:{region}:{account}:launch-template/{value}" = "AWS::EC2::LaunchTemplate",
            CreateLaunchTemplate {"CreateLaunchTemplateResponse": {"launchTemplate": {"launchTemplateId": "lt-0a1b"}}}
                -> "arn:aws:ec2:us-east-1:111122223333:launch-template/lt-0a1b";
        "*" request "flowLogId": "ec2:{region}:{account}:vpc-flow-log/{value}" = "AWS::EC2::FlowLog",
            DeleteFlowLogs {"DeleteFlowLogsRequest": {"FlowLogId": {"tag": 1, "content": "fl-1"}}}
                -> "arn:aws:ec2:us-east-1:111122223333:vpc-flow-log/fl-1";
        "*" response "flowLogIdSet.item": "ec2:{region}:{account}:vpc-flow-log/{value}" = "AWS::EC2::FlowLog",
            CreateFlowLogs {"CreateFlowLogsResponse": {"flowLogIdSet": {"item": "fl-1"}}}
                -> "arn:aws:ec2:us-east-1:111122223333:vpc-flow-log/fl-1";
        "*" request "vpcPeeringConnectionId":
            "ec2:{region}:{account}:vpc-peering-connection/{value}" = "AWS::EC2::VPCPeeringConnection",
            AcceptVpcPeeringConnection {"vpcPeeringConnectionId": "pcx-0a1b"}
                -> "arn:aws:ec2:us-east-1:111122223333:vpc-peering-connection/pcx-0a1b";
        "*" response "vpcPeeringConnection.vpcPeeringConnectionId":
            "ec2:{region}:{account}:vpc-peering-connection/{value}" = "AWS::EC2::VPCPeeringConnection",
            CreateVpcPeeringConnection {"vpcPeeringConnection": {"vpcPeeringConnectionId": "pcx-0a1b"}}
                -> "arn:aws:ec2:us-east-1:111122223333:vpc-peering-connection/pcx-0a1b";
        "*" request "transitGatewayId": "ec2:{region}:{account}:transit-gateway/{value}" = "AWS::EC2::TransitGateway",
            DeleteTransitGateway {"transitGatewayId": "tgw-008f"}
                -> "arn:aws:ec2:us-east-1:111122223333:transit-gateway/tgw-008f";
        "*" response "transitGateway.transitGatewayId":
            "ec2:{region}:{account}:transit-gateway/{value}" = "AWS::EC2::TransitGateway",
            CreateTransitGateway {"CreateTransitGatewayResponse": {"transitGateway": {"transitGatewayId": "tgw-008f"}}}
                -> "arn:aws:ec2:us-east-1:111122223333:transit-gateway/tgw-008f";
        "*" request "transitGatewayAttachmentId":
            "ec2:{region}:{account}:transit-gateway-attachment/{value}" = "AWS::EC2::TransitGatewayAttachment",
            DeleteTransitGatewayVpcAttachment {"DelTGwVpcAttachReq": {"TransitGatewayAttachmentId": "tgw-attach-0814"}}
                -> "arn:aws:ec2:us-east-1:111122223333:transit-gateway-attachment/tgw-attach-0814";
        "*" request "dhcpOptionsId": "ec2:{region}:{account}:dhcp-options/{value}" = "AWS::EC2::DHCPOptions",
            AssociateDhcpOptions {"dhcpOptionsId": "dopt-0ef5"}
                -> "arn:aws:ec2:us-east-1:111122223333:dhcp-options/dopt-0ef5";
        "*" request "egressOnlyInternetGatewayId":
            "ec2:{region}:{account}:egress-only-internet-gateway/{value}" = "AWS::EC2::EgressOnlyInternetGateway",
            CreateRoute {"egressOnlyInternetGatewayId": "eigw-0a1b"}
                -> "arn:aws:ec2:us-east-1:111122223333:egress-only-internet-gateway/eigw-0a1b";
        "*" request "vpnGatewayId": "ec2:{region}:{account}:vpn-gateway/{value}" = "AWS::EC2::VPNGateway",
            AttachVpnGateway {"vpnGatewayId": "vgw-0a1b"} -> "arn:aws:ec2:us-east-1:111122223333:vpn-gateway/vgw-0a1b";
        "*" request "iamInstanceProfile.name": "iam::{account}:instance-profile/{value}" = "AWS::IAM::InstanceProfile",
            RunInstances {"iamInstanceProfile": {"name": "app"}} -> "arn:aws:iam::111122223333:instance-profile/app";
        "*" request "iamInstanceProfile.arn": "{value}" = "AWS::IAM::InstanceProfile",
            RunInstances {"iamInstanceProfile": {"arn": "arn:aws:iam::111122223333:instance-profile/app"}}
                -> "arn:aws:iam::111122223333:instance-profile/app";
        "*" request "gatewayId": "{by_id}|" = "",
            CreateRoute {"gatewayId": "igw-1"} -> "arn:aws:ec2:us-east-1:111122223333:internet-gateway/igw-1";
        "*" request "resourceId[]": "{by_id}|" = "",
            CreateFlowLogs {"CreateFlowLogsRequest": {"ResourceId": {"tag": 1, "content": "vpc-1"}}}
                -> "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1";
        "*" request "resourcesSet.items[].resourceId": "{by_id}|" = "",
            CreateTags {"resourcesSet": {"items": [{"resourceId": "ami-1"}]}} -> "arn:aws:ec2:us-east-1::image/ami-1";
    }
    "ec2-instance-connect.amazonaws.com" {
        "*" request "instanceId": "ec2:{region}:{account}:instance/{value}" = "AWS::EC2::Instance",
            SendSSHPublicKey {"instanceId": "i-1"} -> "arn:aws:ec2:us-east-1:111122223333:instance/i-1";
    }
    "iam.amazonaws.com" {
        "*" response "role.arn": "{value}" = "AWS::IAM::Role",
            CreateRole {"role": {"arn": "arn:aws:iam::111122223333:role/service-role/app"}}
                -> "arn:aws:iam::111122223333:role/service-role/app";
        "*" response "user.arn": "{value}" = "AWS::IAM::User",
            CreateUser {"user": {"arn": "arn:aws:iam::111122223333:user/eva"}} -> "arn:aws:iam::111122223333:user/eva";
        "*" response "group.arn": "{value}" = "AWS::IAM::Group",
            CreateGroup {"group": {"arn": "arn:aws:iam::111122223333:group/dev"}}
                -> "arn:aws:iam::111122223333:group/dev";
        "*" response "policy.arn": "{value}" = "AWS::IAM::ManagedPolicy",
            CreatePolicy {"policy": {"arn": "arn:aws:iam::111122223333:policy/p"}}
                -> "arn:aws:iam::111122223333:policy/p";
        "*" response "instanceProfile.arn": "{value}" = "AWS::IAM::InstanceProfile",
            CreateInstanceProfile {"instanceProfile": {"arn": "arn:aws:iam::111122223333:instance-profile/app"}}
                -> "arn:aws:iam::111122223333:instance-profile/app";
        "*" response "virtualMFADevice.serialNumber": "{value}" = "AWS::IAM::VirtualMFADevice",
            CreateVirtualMFADevice {"virtualMFADevice": {"serialNumber": "arn:aws:iam::111122223333:mfa/eva"}}
                -> "arn:aws:iam::111122223333:mfa/eva";
        "*" response "sAMLProviderArn": "{value}" = "AWS::IAM::SAMLProvider",
            CreateSAMLProvider {"sAMLProviderArn": "arn:aws:iam::111122223333:saml-provider/idp"}
                -> "arn:aws:iam::111122223333:saml-provider/idp";
        "*" response "openIDConnectProviderArn": "{value}" = "AWS::IAM::OIDCProvider",
            CreateOpenIDConnectProvider {"openIDConnectProviderArn": "arn:aws:iam::111122223333:oidc-provider/token.example.com"}
                -> "arn:aws:iam::111122223333:oidc-provider/token.example.com";
        "*" or_request "roleName": "iam::{account}:role/{value}" = "AWS::IAM::Role",
            PutRolePolicy {"roleName": "app"} -> "arn:aws:iam::111122223333:role/app";
        "*" or_request "userName": "iam::{account}:user/{value}" = "AWS::IAM::User",
            DeleteAccessKey {"userName": "eva"} -> "arn:aws:iam::111122223333:user/eva";
        "*" or_response "accessKey.userName": "iam::{account}:user/{value}" = "AWS::IAM::User",
            CreateAccessKey {"accessKey": {"userName": "eva"}} -> "arn:aws:iam::111122223333:user/eva";
        "*" or_request "groupName": "iam::{account}:group/{value}" = "AWS::IAM::Group",
            AddUserToGroup {"groupName": "dev"} -> "arn:aws:iam::111122223333:group/dev";
        "*" request "policyArn": "{value}" = "AWS::IAM::ManagedPolicy",
            AttachRolePolicy {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
                -> "arn:aws:iam::aws:policy/AdministratorAccess";
        "*" request "permissionsBoundary": "{value}" = "AWS::IAM::ManagedPolicy",
            PutUserPermissionsBoundary {"permissionsBoundary": "arn:aws:iam::aws:policy/AWSDenyAll"}
                -> "arn:aws:iam::aws:policy/AWSDenyAll";
        "CreatePolicy" or_request "policyName": "iam::{account}:policy/{value}" = "AWS::IAM::ManagedPolicy",
            CreatePolicy {"policyName": "p"} -> "arn:aws:iam::111122223333:policy/p";
        "*" or_request "instanceProfileName": "iam::{account}:instance-profile/{value}" = "AWS::IAM::InstanceProfile",
            AddRoleToInstanceProfile {"instanceProfileName": "app"} -> "arn:aws:iam::111122223333:instance-profile/app";
        "*" request "serialNumber": "{value}" = "AWS::IAM::VirtualMFADevice",
            DeactivateMFADevice {"serialNumber": "arn:aws:iam::111122223333:mfa/eva"}
                -> "arn:aws:iam::111122223333:mfa/eva";
        "*" or_request "virtualMFADeviceName": "iam::{account}:mfa/{value}" = "AWS::IAM::VirtualMFADevice",
            CreateVirtualMFADevice {"virtualMFADeviceName": "eva"} -> "arn:aws:iam::111122223333:mfa/eva";
        "*" request "sAMLProviderArn": "{value}" = "AWS::IAM::SAMLProvider",
            UpdateSAMLProvider {"sAMLProviderArn": "arn:aws:iam::111122223333:saml-provider/idp"}
                -> "arn:aws:iam::111122223333:saml-provider/idp";
        "*" request "openIDConnectProviderArn": "{value}" = "AWS::IAM::OIDCProvider",
            DeleteOpenIDConnectProvider {"openIDConnectProviderArn": "arn:aws:iam::111122223333:oidc-provider/token.example.com"}
                -> "arn:aws:iam::111122223333:oidc-provider/token.example.com";
        "*" request "serverCertificateName":
            "iam::{account}:server-certificate/{value}" = "AWS::IAM::ServerCertificate",
            DeleteServerCertificate {"serverCertificateName": "web"}
                -> "arn:aws:iam::111122223333:server-certificate/web";
    }
    "sts.amazonaws.com" {
        "*" request "roleArn": "{value}" = "AWS::IAM::Role",
            AssumeRole {"roleArn": "arn:aws:iam::111122223333:role/app"} -> "arn:aws:iam::111122223333:role/app";
        "*" request "principalArn": "{value}" = "AWS::IAM::SAMLProvider",
            AssumeRoleWithSAML {"principalArn": "arn:aws:iam::111122223333:saml-provider/idp"}
                -> "arn:aws:iam::111122223333:saml-provider/idp";
    }
    "lambda.amazonaws.com" {
        "*" request "functionName": "lambda:{region}:{account}:function:{value}" = "AWS::Lambda::Function",
            DeleteFunction20150331 {"functionName": "f"} -> "arn:aws:lambda:us-east-1:111122223333:function:f";
        "*" or_response "functionArn": "{value}" = "AWS::Lambda::Function",
            CreateEventSourceMapping20150331 {"functionArn": "arn:aws:lambda:us-east-1:111122223333:function:f"}
                -> "arn:aws:lambda:us-east-1:111122223333:function:f";
        "*" request "layerName": "lambda:{region}:{account}:layer:{value}" = "AWS::Lambda::LayerVersion",
            PublishLayerVersion20181031 {"layerName": "l"} -> "arn:aws:lambda:us-east-1:111122223333:layer:l";
        "*" request "eventSourceArn": "{value}" = "",
            CreateEventSourceMapping20150331 {"eventSourceArn": "arn:aws:sqs:us-east-1:111122223333:q"}
                -> "arn:aws:sqs:us-east-1:111122223333:q";
    }
    "kms.amazonaws.com" {
        "*" request "keyId": "{by_id}|kms:{region}:{account}:key/{value}" = "AWS::KMS::Key",
            ScheduleKeyDeletion {"keyId": "12ab-34cd"} -> "arn:aws:kms:us-east-1:111122223333:key/12ab-34cd";
        "*" request "targetKeyId": "kms:{region}:{account}:key/{value}" = "AWS::KMS::Key",
            CreateAlias {"targetKeyId": "12ab-34cd"} -> "arn:aws:kms:us-east-1:111122223333:key/12ab-34cd";
        "*" request "aliasName": "{by_id}|" = "AWS::KMS::Alias",
            DeleteAlias {"aliasName": "alias/app"} -> "arn:aws:kms:us-east-1:111122223333:alias/app";
        "*" response "keyMetadata.arn": "{value}" = "AWS::KMS::Key",
            CreateKey {"keyMetadata": {"arn": "arn:aws:kms:us-east-1:111122223333:key/12ab-34cd"}}
                -> "arn:aws:kms:us-east-1:111122223333:key/12ab-34cd";
    }
    "secretsmanager.amazonaws.com" {
        "*" response "arn": "{value}" = "AWS::SecretsManager::Secret",
            CreateSecret {"arn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-xehWok"}
                -> "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-xehWok";
        "*" or_request "secretId": "secretsmanager:{region}:{account}:secret:{value}" = "AWS::SecretsManager::Secret",
            GetSecretValue {"secretId": "db"} -> "arn:aws:secretsmanager:us-east-1:111122223333:secret:db";
        "CreateSecret" or_request "name":
            "secretsmanager:{region}:{account}:secret:{value}" = "AWS::SecretsManager::Secret",
            CreateSecret {"name": "db"} -> "arn:aws:secretsmanager:us-east-1:111122223333:secret:db";
        "*" or_request "secretIdList[]":
            "secretsmanager:{region}:{account}:secret:{value}" = "AWS::SecretsManager::Secret",
            BatchGetSecretValue {"secretIdList": ["db"]} -> "arn:aws:secretsmanager:us-east-1:111122223333:secret:db";
    }
    "ssm.amazonaws.com" {
        "*Parameter*" request "name": "ssm:{region}:{account}:parameter/{unslashed}" = "AWS::SSM::Parameter",
            PutParameter {"name": "/app/key"} -> "arn:aws:ssm:us-east-1:111122223333:parameter/app/key";
        "*Parameter*" request "names[]": "ssm:{region}:{account}:parameter/{unslashed}" = "AWS::SSM::Parameter",
            GetParameters {"names": ["/app/key"]} -> "arn:aws:ssm:us-east-1:111122223333:parameter/app/key";
        "GetParametersByPath" request "path": "ssm:{region}:{account}:parameter/{unslashed}" = "AWS::SSM::Parameter",
            GetParametersByPath {"path": "/app"} -> "arn:aws:ssm:us-east-1:111122223333:parameter/app";
        "*Document*|CreateAssociation" request "name": "ssm:{region}:{account}:document/{value}" = "AWS::SSM::Document",
            CreateDocument {"name": "install"} -> "arn:aws:ssm:us-east-1:111122223333:document/install";
        "*" request "documentName": "ssm:{region}:{account}:document/{value}" = "AWS::SSM::Document",
            SendCommand {"documentName": "AWS-RunShellScript"}
                -> "arn:aws:ssm:us-east-1:111122223333:document/AWS-RunShellScript";
        "*" request "instanceId": "{by_id}|" = "",
            UpdateInstanceInformation {"instanceId": "i-1"} -> "arn:aws:ec2:us-east-1:111122223333:instance/i-1";
        "*" request "instanceIds[]": "{by_id}|" = "",
            SendCommand {"instanceIds": ["i-1"]} -> "arn:aws:ec2:us-east-1:111122223333:instance/i-1";
        "*" request "target": "{by_id}|" = "",
            StartSession {"target": "mi-0a1b"} -> "arn:aws:ssm:us-east-1:111122223333:managed-instance/mi-0a1b";
        "*" request "resourceId": "{by_id}|" = "",
            PutComplianceItems {"resourceId": "i-1"} -> "arn:aws:ec2:us-east-1:111122223333:instance/i-1";
        "*Tags*Resource" request "resourceId": "ssm:{region}:{account}:parameter/{unslashed}" = "AWS::SSM::Parameter",
            ListTagsForResource {"resourceId": "/app/key", "resourceType": "Parameter"}
                -> "arn:aws:ssm:us-east-1:111122223333:parameter/app/key";
        "*" request "sessionId": "ssm:{region}:{account}:session/{value}" = "AWS::SSM::Session",
            TerminateSession {"sessionId": "eva-0a1b"} -> "arn:aws:ssm:us-east-1:111122223333:session/eva-0a1b";
        "*" response "sessionId": "ssm:{region}:{account}:session/{value}" = "AWS::SSM::Session",
            StartSession {"sessionId": "eva-0a1b"} -> "arn:aws:ssm:us-east-1:111122223333:session/eva-0a1b";
    }
    "cloudtrail.amazonaws.com" {
        "*" response "trailARN": "{value}" = "AWS::CloudTrail::Trail",
            CreateTrail {"trailARN": "arn:aws:cloudtrail:us-east-1:111122223333:trail/t"}
                -> "arn:aws:cloudtrail:us-east-1:111122223333:trail/t";
        "*Trail*|*Logging" or_request "name": "cloudtrail:{region}:{account}:trail/{value}" = "AWS::CloudTrail::Trail",
            StopLogging {"name": "t"} -> "arn:aws:cloudtrail:us-east-1:111122223333:trail/t";
        "*" or_request "trailName": "cloudtrail:{region}:{account}:trail/{value}" = "AWS::CloudTrail::Trail",
            PutEventSelectors {"trailName": "t"} -> "arn:aws:cloudtrail:us-east-1:111122223333:trail/t";
        "*" or_request "trailNameList[]": "cloudtrail:{region}:{account}:trail/{value}" = "AWS::CloudTrail::Trail",
            DescribeTrails {"trailNameList": ["t"]} -> "arn:aws:cloudtrail:us-east-1:111122223333:trail/t";
        "*" request "s3BucketName": "s3:::{value}" = "AWS::S3::Bucket",
            CreateTrail {"s3BucketName": "logs"} -> "arn:aws:s3:::logs";
        "*" request "eventDataStore":
            "cloudtrail:{region}:{account}:eventdatastore/{value}" = "AWS::CloudTrail::EventDataStore",
            DeleteEventDataStore {"eventDataStore": "0a1b"}
                -> "arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/0a1b";
        "*" response "eventDataStoreArn": "{value}" = "AWS::CloudTrail::EventDataStore",
            CreateEventDataStore {"eventDataStoreArn": "arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/0a1b"}
                -> "arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/0a1b";
    }
    "rds.amazonaws.com" {
        "*" response "dBInstanceArn": "{value}" = "AWS::RDS::DBInstance",
            CreateDBInstance {"dBInstanceArn": "arn:aws:rds:us-east-1:111122223333:db:app"}
                -> "arn:aws:rds:us-east-1:111122223333:db:app";
        "*" or_request "dBInstanceIdentifier": "rds:{region}:{account}:db:{value}" = "AWS::RDS::DBInstance",
            DeleteDBInstance {"dBInstanceIdentifier": "app"} -> "arn:aws:rds:us-east-1:111122223333:db:app";
        "*" response "dBClusterArn": "{value}" = "AWS::RDS::DBCluster",
            CreateDBCluster {"dBClusterArn": "arn:aws:rds:us-east-1:111122223333:cluster:app"}
                -> "arn:aws:rds:us-east-1:111122223333:cluster:app";
        "*" or_request "dBClusterIdentifier": "rds:{region}:{account}:cluster:{value}" = "AWS::RDS::DBCluster",
            DeleteDBCluster {"dBClusterIdentifier": "app"} -> "arn:aws:rds:us-east-1:111122223333:cluster:app";
        "*" request "dBSnapshotIdentifier": "rds:{region}:{account}:snapshot:{value}" = "AWS::RDS::DBSnapshot",
            ModifyDBSnapshotAttribute {"dBSnapshotIdentifier": "exfiltration"}
                -> "arn:aws:rds:us-east-1:111122223333:snapshot:exfiltration";
        "*" request "sourceDBSnapshotIdentifier": "rds:{region}:{account}:snapshot:{value}" = "AWS::RDS::DBSnapshot",
            CopyDBSnapshot {"sourceDBSnapshotIdentifier": "daily"}
                -> "arn:aws:rds:us-east-1:111122223333:snapshot:daily";
        "*" request "targetDBSnapshotIdentifier": "rds:{region}:{account}:snapshot:{value}" = "AWS::RDS::DBSnapshot",
            CopyDBSnapshot {"targetDBSnapshotIdentifier": "copy"} -> "arn:aws:rds:us-east-1:111122223333:snapshot:copy";
        "*" request "dBClusterSnapshotIdentifier":
            "rds:{region}:{account}:cluster-snapshot:{value}" = "AWS::RDS::DBClusterSnapshot",
            DeleteDBClusterSnapshot {"dBClusterSnapshotIdentifier": "daily"}
                -> "arn:aws:rds:us-east-1:111122223333:cluster-snapshot:daily";
        "*" request "dBSubnetGroupName": "rds:{region}:{account}:subgrp:{value}" = "AWS::RDS::DBSubnetGroup",
            CreateDBSubnetGroup {"dBSubnetGroupName": "app"} -> "arn:aws:rds:us-east-1:111122223333:subgrp:app";
        "*" request "dBParameterGroupName": "rds:{region}:{account}:pg:{value}" = "AWS::RDS::DBParameterGroup",
            ModifyDBParameterGroup {"dBParameterGroupName": "app"} -> "arn:aws:rds:us-east-1:111122223333:pg:app";
        "*" request "dBClusterParameterGroupName":
            "rds:{region}:{account}:cluster-pg:{value}" = "AWS::RDS::DBClusterParameterGroup",
            ModifyDBClusterParameterGroup {"dBClusterParameterGroupName": "app"}
                -> "arn:aws:rds:us-east-1:111122223333:cluster-pg:app";
        "*" request "dBSecurityGroupName": "rds:{region}:{account}:secgrp:{value}" = "AWS::RDS::DBSecurityGroup",
            AuthorizeDBSecurityGroupIngress {"dBSecurityGroupName": "app"}
                -> "arn:aws:rds:us-east-1:111122223333:secgrp:app";
        "*" request "vpcSecurityGroupIds[]":
            "ec2:{region}:{account}:security-group/{value}" = "AWS::EC2::SecurityGroup",
            CreateDBInstance {"vpcSecurityGroupIds": ["sg-1"]}
                -> "arn:aws:ec2:us-east-1:111122223333:security-group/sg-1";
        "*" request "resourceName": "{value}" = "",
            AddTagsToResource {"resourceName": "arn:aws:rds:us-east-1:111122223333:db:app"}
                -> "arn:aws:rds:us-east-1:111122223333:db:app";
    }
    "logs.amazonaws.com" {
        "*" request "logGroupName": "logs:{region}:{account}:log-group:{value}" = "AWS::Logs::LogGroup",
            DeleteLogGroup {"logGroupName": "/aws/lambda/f"}
                -> "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/f";
        "*" request "logGroupIdentifier": "logs:{region}:{account}:log-group:{value}" = "AWS::Logs::LogGroup",
            FilterLogEvents {"logGroupIdentifier": "/aws/lambda/f"}
                -> "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/f";
        "*" request "logGroupNames[]": "logs:{region}:{account}:log-group:{value}" = "AWS::Logs::LogGroup",
            StartQuery {"logGroupNames": ["/aws/lambda/f"]}
                -> "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/f";
        "*" request "destinationName": "logs:{region}:{account}:destination:{value}" = "AWS::Logs::Destination",
            PutDestination {"destinationName": "central"} -> "arn:aws:logs:us-east-1:111122223333:destination:central";
    }
    "elasticloadbalancing.amazonaws.com" {
        "*" response "loadBalancers[].loadBalancerArn": "{value}" = "AWS::ElasticLoadBalancingV2::LoadBalancer",
            CreateLoadBalancer {"loadBalancers": [{"loadBalancerArn": "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/web/43"}]}
                -> "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/web/43";
        "*" response "targetGroups[].targetGroupArn": "{value}" = "AWS::ElasticLoadBalancingV2::TargetGroup",
            CreateTargetGroup {"targetGroups": [{"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/web/73"}]}
                -> "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/web/73";
        "*" response "listeners[].listenerArn": "{value}" = "AWS::ElasticLoadBalancingV2::Listener",
            CreateListener {"listeners": [{"listenerArn": "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/web/43/f2"}]}
                -> "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/web/43/f2";
        "*" request "loadBalancerArn": "{value}" = "AWS::ElasticLoadBalancingV2::LoadBalancer",
            DeleteLoadBalancer {"loadBalancerArn": "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/web/43"}
                -> "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/web/43";
        "*" request "targetGroupArn": "{value}" = "AWS::ElasticLoadBalancingV2::TargetGroup",
            RegisterTargets {"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/web/73"}
                -> "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/web/73";
        "*" request "listenerArn": "{value}" = "AWS::ElasticLoadBalancingV2::Listener",
            ModifyListener {"listenerArn": "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/web/43/f2"}
                -> "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/web/43/f2";
        "*" request "ruleArn": "{value}" = "AWS::ElasticLoadBalancingV2::ListenerRule",
            DeleteRule {"ruleArn": "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener-rule/app/web/43/f2/9a"}
                -> "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener-rule/app/web/43/f2/9a";
        "*" request "loadBalancerName":
            "elasticloadbalancing:{region}:{account}:loadbalancer/{value}" = "AWS::ElasticLoadBalancing::LoadBalancer",
            RegisterInstancesWithLoadBalancer {"loadBalancerName": "classic"}
                -> "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/classic";
        "*" request "loadBalancerNames[]":
            "elasticloadbalancing:{region}:{account}:loadbalancer/{value}" = "AWS::ElasticLoadBalancing::LoadBalancer",
            DescribeLoadBalancers {"loadBalancerNames": ["classic"]}
                -> "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/classic";
        "*" request "instances[].instanceId": "ec2:{region}:{account}:instance/{value}" = "AWS::EC2::Instance",
            RegisterInstancesWithLoadBalancer {"instances": [{"instanceId": "i-1"}]}
                -> "arn:aws:ec2:us-east-1:111122223333:instance/i-1";
    }
    "guardduty.amazonaws.com" {
        "*" request "detectorId": "guardduty:{region}:{account}:detector/{value}" = "AWS::GuardDuty::Detector",
            UpdateDetector {"detectorId": "12ab"} -> "arn:aws:guardduty:us-east-1:111122223333:detector/12ab";
        "*" response "detectorId": "guardduty:{region}:{account}:detector/{value}" = "AWS::GuardDuty::Detector",
            CreateDetector {"detectorId": "12ab"} -> "arn:aws:guardduty:us-east-1:111122223333:detector/12ab";
        "*" request "ipSetId":
            "guardduty:{region}:{account}:detector/{detectorId}/ipset/{value}" = "AWS::GuardDuty::IPSet",
            DeleteIPSet {"ipSetId": "34cd", "detectorId": "12ab"}
                -> "arn:aws:guardduty:us-east-1:111122223333:detector/12ab/ipset/34cd";
        "*" request "threatIntelSetId":
            "guardduty:{region}:{account}:detector/{detectorId}/threatintelset/{value}" = "AWS::GuardDuty::ThreatIntelSet",
            DeleteThreatIntelSet {"threatIntelSetId": "34cd", "detectorId": "12ab"}
                -> "arn:aws:guardduty:us-east-1:111122223333:detector/12ab/threatintelset/34cd";
        "*" request "filterName":
            "guardduty:{region}:{account}:detector/{detectorId}/filter/{value}" = "AWS::GuardDuty::Filter",
            DeleteFilter {"filterName": "noise", "detectorId": "12ab"}
                -> "arn:aws:guardduty:us-east-1:111122223333:detector/12ab/filter/noise";
        "*" request "destinationId":
            "guardduty:{region}:{account}:detector/{detectorId}/publishingDestination/{value}" = "AWS::GuardDuty::PublishingDestination",
            DeletePublishingDestination {"destinationId": "34cd", "detectorId": "12ab"}
                -> "arn:aws:guardduty:us-east-1:111122223333:detector/12ab/publishingDestination/34cd";
    }
    "dynamodb.amazonaws.com" {
        "*" request "tableName": "dynamodb:{region}:{account}:table/{value}" = "AWS::DynamoDB::Table",
            DeleteTable {"tableName": "t"} -> "arn:aws:dynamodb:us-east-1:111122223333:table/t";
        "*" request "globalTableName": "dynamodb::{account}:global-table/{value}" = "AWS::DynamoDB::GlobalTable",
            UpdateGlobalTable {"globalTableName": "t"} -> "arn:aws:dynamodb::111122223333:global-table/t";
        "*" request "backupArn": "{value}" = "AWS::DynamoDB::Backup",
            DeleteBackup {"backupArn": "arn:aws:dynamodb:us-east-1:111122223333:table/t/backup/01"}
                -> "arn:aws:dynamodb:us-east-1:111122223333:table/t/backup/01";
        "*" request "exportTableArn": "{value}" = "AWS::DynamoDB::Table",
            ExportTableToPointInTime {"exportTableArn": "arn:aws:dynamodb:us-east-1:111122223333:table/t"}
                -> "arn:aws:dynamodb:us-east-1:111122223333:table/t";
        "*" request "tableArn": "{value}" = "AWS::DynamoDB::Table",
            ExportTableToPointInTime {"tableArn": "arn:aws:dynamodb:us-east-1:111122223333:table/t"}
                -> "arn:aws:dynamodb:us-east-1:111122223333:table/t";
    }
    "sns.amazonaws.com" {
        "*" request "topicArn": "{value}" = "AWS::SNS::Topic",
            SetTopicAttributes {"topicArn": "arn:aws:sns:us-east-1:111122223333:alerts"}
                -> "arn:aws:sns:us-east-1:111122223333:alerts";
        "*" response "topicArn": "{value}" = "AWS::SNS::Topic",
            CreateTopic {"topicArn": "arn:aws:sns:us-east-1:111122223333:alerts"}
                -> "arn:aws:sns:us-east-1:111122223333:alerts";
        "CreateTopic" or_request "name": "sns:{region}:{account}:{value}" = "AWS::SNS::Topic",
            CreateTopic {"name": "alerts"} -> "arn:aws:sns:us-east-1:111122223333:alerts";
        "*" request "subscriptionArn": "{value}" = "AWS::SNS::Subscription",
            Unsubscribe {"subscriptionArn": "arn:aws:sns:us-east-1:111122223333:alerts:0a1b"}
                -> "arn:aws:sns:us-east-1:111122223333:alerts:0a1b";
        "*" response "subscriptionArn": "{value}" = "AWS::SNS::Subscription",
            Subscribe {"subscriptionArn": "arn:aws:sns:us-east-1:111122223333:alerts:0a1b"}
                -> "arn:aws:sns:us-east-1:111122223333:alerts:0a1b";
    }
    "sqs.amazonaws.com" {
        "*" request "queueUrl": "sqs:{region}:{before_last}:{last}" = "AWS::SQS::Queue",
            DeleteQueue {"queueUrl": "https://sqs.us-east-1.amazonaws.com/111122223333/jobs"}
                -> "arn:aws:sqs:us-east-1:111122223333:jobs";
        "*" response "queueUrl": "sqs:{region}:{before_last}:{last}" = "AWS::SQS::Queue",
            CreateQueue {"queueUrl": "https://sqs.us-east-1.amazonaws.com/111122223333/jobs"}
                -> "arn:aws:sqs:us-east-1:111122223333:jobs";
        "*" or_request "queueName": "sqs:{region}:{account}:{value}" = "AWS::SQS::Queue",
            CreateQueue {"queueName": "jobs"} -> "arn:aws:sqs:us-east-1:111122223333:jobs";
    }
    "ecr.amazonaws.com" {
        "*" request "repositoryName": "ecr:{region}:{account}:repository/{value}" = "AWS::ECR::Repository",
            DeleteRepository {"repositoryName": "team/app"} -> "arn:aws:ecr:us-east-1:111122223333:repository/team/app";
        "*" request "repositoryNames[]": "ecr:{region}:{account}:repository/{value}" = "AWS::ECR::Repository",
            DescribeRepositories {"repositoryNames": ["team/app"]}
                -> "arn:aws:ecr:us-east-1:111122223333:repository/team/app";
    }
    "eks.amazonaws.com" {
        "*" request "name": "eks:{region}:{account}:cluster/{value}" = "AWS::EKS::Cluster",
            CreateAccessEntry {"name": "prod"} -> "arn:aws:eks:us-east-1:111122223333:cluster/prod";
        "*" request "clusterName": "eks:{region}:{account}:cluster/{value}" = "AWS::EKS::Cluster",
            DeleteNodegroup {"clusterName": "prod"} -> "arn:aws:eks:us-east-1:111122223333:cluster/prod";
        "*" response "nodegroup.nodegroupArn": "{value}" = "AWS::EKS::Nodegroup",
            CreateNodegroup {"nodegroup": {"nodegroupArn": "arn:aws:eks:us-east-1:111122223333:nodegroup/prod/n/0a1b"}}
                -> "arn:aws:eks:us-east-1:111122223333:nodegroup/prod/n/0a1b";
        "*" request "principalArn": "{value}" = "",
            CreateAccessEntry {"principalArn": "arn:aws:iam::111122223333:role/app"}
                -> "arn:aws:iam::111122223333:role/app";
    }
    "ecs.amazonaws.com" {
        "*" response "cluster.clusterArn": "{value}" = "AWS::ECS::Cluster",
            CreateCluster {"cluster": {"clusterArn": "arn:aws:ecs:us-east-1:111122223333:cluster/prod"}}
                -> "arn:aws:ecs:us-east-1:111122223333:cluster/prod";
        "*" or_request "clusterName": "ecs:{region}:{account}:cluster/{value}" = "AWS::ECS::Cluster",
            CreateCluster {"clusterName": "prod"} -> "arn:aws:ecs:us-east-1:111122223333:cluster/prod";
        "*" request "cluster": "ecs:{region}:{account}:cluster/{value}" = "AWS::ECS::Cluster",
            RunTask {"cluster": "prod"} -> "arn:aws:ecs:us-east-1:111122223333:cluster/prod";
        "*" response "service.serviceArn": "{value}" = "AWS::ECS::Service",
            CreateService {"service": {"serviceArn": "arn:aws:ecs:us-east-1:111122223333:service/prod/web"}}
                -> "arn:aws:ecs:us-east-1:111122223333:service/prod/web";
        "*" or_request "service": "ecs:{region}:{account}:service/{cluster}/{value}" = "AWS::ECS::Service",
            UpdateService {"service": "web", "cluster": "arn:aws:ecs:us-east-1:111122223333:cluster/prod"}
                -> "arn:aws:ecs:us-east-1:111122223333:service/prod/web";
        "*" or_request "serviceName": "ecs:{region}:{account}:service/{cluster}/{value}" = "AWS::ECS::Service",
            CreateService {"serviceName": "web", "cluster": "prod"}
                -> "arn:aws:ecs:us-east-1:111122223333:service/prod/web";
        "*" response "taskDefinition.taskDefinitionArn": "{value}" = "AWS::ECS::TaskDefinition",
            RegisterTaskDefinition {"taskDefinition": {"taskDefinitionArn": "arn:aws:ecs:us-east-1:111122223333:task-definition/web:1"}}
                -> "arn:aws:ecs:us-east-1:111122223333:task-definition/web:1";
        "*" or_request "taskDefinition": "ecs:{region}:{account}:task-definition/{value}" = "AWS::ECS::TaskDefinition",
            RunTask {"taskDefinition": "web:1"} -> "arn:aws:ecs:us-east-1:111122223333:task-definition/web:1";
        "*" request "task": "ecs:{region}:{account}:task/{cluster}/{value}" = "AWS::ECS::Task",
            StopTask {"task": "0a1b", "cluster": "prod"} -> "arn:aws:ecs:us-east-1:111122223333:task/prod/0a1b";
        "*" response "tasks[].taskArn": "{value}" = "AWS::ECS::Task",
            RunTask {"tasks": [{"taskArn": "arn:aws:ecs:us-east-1:111122223333:task/prod/0a1b"}]}
                -> "arn:aws:ecs:us-east-1:111122223333:task/prod/0a1b";
    }
    "cloudformation.amazonaws.com" {
        "*" response "stackId": "{value}" = "AWS::CloudFormation::Stack",
            CreateStack {"stackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/app/0a1b"}
                -> "arn:aws:cloudformation:us-east-1:111122223333:stack/app/0a1b";
        "*" or_request "stackName": "cloudformation:{region}:{account}:stack/{value}" = "AWS::CloudFormation::Stack",
            DeleteStack {"stackName": "app"} -> "arn:aws:cloudformation:us-east-1:111122223333:stack/app";
        "*" request "stackSetName":
            "cloudformation:{region}:{account}:stackset/{value}" = "AWS::CloudFormation::StackSet",
            DeleteStackSet {"stackSetName": "app"} -> "arn:aws:cloudformation:us-east-1:111122223333:stackset/app";
        "*" request "changeSetName": "{value}" = "AWS::CloudFormation::ChangeSet",
            ExecuteChangeSet {"changeSetName": "arn:aws:cloudformation:us-east-1:111122223333:changeSet/c/0a1b"}
                -> "arn:aws:cloudformation:us-east-1:111122223333:changeSet/c/0a1b";
    }
    "apigateway.amazonaws.com" {
        "*" request "restApiId": "apigateway:{region}::/restapis/{value}" = "AWS::ApiGateway::RestApi",
            CreateStage {"restApiId": "abcdef74gh"} -> "arn:aws:apigateway:us-east-1::/restapis/abcdef74gh";
        "CreateRestApi" response "id": "apigateway:{region}::/restapis/{value}" = "AWS::ApiGateway::RestApi",
            CreateRestApi {"id": "abcdef74gh"} -> "arn:aws:apigateway:us-east-1::/restapis/abcdef74gh";
        "*" request "apiId": "apigateway:{region}::/apis/{value}" = "AWS::ApiGatewayV2::Api",
            CreateRoute {"apiId": "5614585pm4"} -> "arn:aws:apigateway:us-east-1::/apis/5614585pm4";
        "*" response "apiId": "apigateway:{region}::/apis/{value}" = "AWS::ApiGatewayV2::Api",
            CreateApi {"apiId": "5614585pm4"} -> "arn:aws:apigateway:us-east-1::/apis/5614585pm4";
        "*" request "domainName": "apigateway:{region}::/domainnames/{value}" = "AWS::ApiGateway::DomainName",
            CreateDomainName {"domainName": "api.example.com"}
                -> "arn:aws:apigateway:us-east-1::/domainnames/api.example.com";
    }
    "cloudfront.amazonaws.com" {
        "*Distribution*" request "id": "cloudfront::{account}:distribution/{value}" = "AWS::CloudFront::Distribution",
            UpdateDistribution {"id": "E53370FUHBNLK"} -> "arn:aws:cloudfront::111122223333:distribution/E53370FUHBNLK";
        "*" request "distributionId": "cloudfront::{account}:distribution/{value}" = "AWS::CloudFront::Distribution",
            CreateInvalidation {"distributionId": "E53370FUHBNLK"}
                -> "arn:aws:cloudfront::111122223333:distribution/E53370FUHBNLK";
        "*" response "distribution.arn": "{value}" = "AWS::CloudFront::Distribution",
            CreateDistribution {"distribution": {"arn": "arn:aws:cloudfront::111122223333:distribution/E53370FUHBNLK"}}
                -> "arn:aws:cloudfront::111122223333:distribution/E53370FUHBNLK";
        "*" request "resource": "{value}" = "",
            TagResource {"resource": "arn:aws:cloudfront::111122223333:distribution/E53370FUHBNLK"}
                -> "arn:aws:cloudfront::111122223333:distribution/E53370FUHBNLK";
    }
    "config.amazonaws.com" {
        "*" request "configRuleName": "config:{region}:{account}:config-rule/{value}" = "AWS::Config::ConfigRule",
            DeleteConfigRule {"configRuleName": "encrypted"}
                -> "arn:aws:config:us-east-1:111122223333:config-rule/encrypted";
        "*" request "configRule.configRuleName":
            "config:{region}:{account}:config-rule/{value}" = "AWS::Config::ConfigRule",
            PutConfigRule {"configRule": {"configRuleName": "encrypted"}}
                -> "arn:aws:config:us-east-1:111122223333:config-rule/encrypted";
        "*" request "configurationRecorderName":
            "config:{region}:{account}:configuration-recorder/{value}" = "AWS::Config::ConfigurationRecorder",
            StopConfigurationRecorder {"configurationRecorderName": "default"}
                -> "arn:aws:config:us-east-1:111122223333:configuration-recorder/default";
        "*" request "configurationRecorder.name":
            "config:{region}:{account}:configuration-recorder/{value}" = "AWS::Config::ConfigurationRecorder",
            PutConfigurationRecorder {"configurationRecorder": {"name": "default"}}
                -> "arn:aws:config:us-east-1:111122223333:configuration-recorder/default";
    }
    "events.amazonaws.com" {
        "*" response "ruleArn": "{value}" = "AWS::Events::Rule",
            PutRule {"ruleArn": "arn:aws:events:us-east-1:111122223333:rule/nightly"}
                -> "arn:aws:events:us-east-1:111122223333:rule/nightly";
        "*Rule" or_request "name": "events:{region}:{account}:rule/{value}" = "AWS::Events::Rule",
            DisableRule {"name": "nightly"} -> "arn:aws:events:us-east-1:111122223333:rule/nightly";
        "*" request "rule": "events:{region}:{account}:rule/{value}" = "AWS::Events::Rule",
            PutTargets {"rule": "nightly"} -> "arn:aws:events:us-east-1:111122223333:rule/nightly";
        "*" request "eventBusName": "events:{region}:{account}:event-bus/{value}" = "AWS::Events::EventBus",
            PutPermission {"eventBusName": "central"} -> "arn:aws:events:us-east-1:111122223333:event-bus/central";
    }
    "organizations.amazonaws.com" {
        "*" response "organization.arn": "{value}" = "AWS::Organizations::Organization",
            CreateOrganization {"organization": {"arn": "arn:aws:organizations::111122223333:organization/o-0a1b2c3d4e"}}
                -> "arn:aws:organizations::111122223333:organization/o-0a1b2c3d4e";
        "*" response "organizationalUnit.arn": "{value}" = "AWS::Organizations::OrganizationalUnit",
            CreateOrganizationalUnit {"organizationalUnit": {"arn": "arn:aws:organizations::111122223333:ou/o-0a1b2c3d4e/ou-0a1b"}}
                -> "arn:aws:organizations::111122223333:ou/o-0a1b2c3d4e/ou-0a1b";
        "*" response "policy.policySummary.arn": "{value}" = "AWS::Organizations::Policy",
            UpdatePolicy {"policy": {"policySummary": {"arn": "arn:aws:organizations::111122223333:policy/o-0a1b2c3d4e/service_control_policy/p-0a1b"}}}
                -> "arn:aws:organizations::111122223333:policy/o-0a1b2c3d4e/service_control_policy/p-0a1b";
        "*" response "account.arn": "{value}" = "AWS::Organizations::Account",
            DescribeAccount {"account": {"arn": "arn:aws:organizations::111122223333:account/o-0a1b2c3d4e/444455556666"}}
                -> "arn:aws:organizations::111122223333:account/o-0a1b2c3d4e/444455556666";
        "*" response "handshake.arn": "{value}" = "AWS::Organizations::Handshake",
            InviteAccountToOrganization {"handshake": {"arn": "arn:aws:organizations::111122223333:handshake/o-0a1b2c3d4e/invite/h-0a1b"}}
                -> "arn:aws:organizations::111122223333:handshake/o-0a1b2c3d4e/invite/h-0a1b";
    }
    "route53.amazonaws.com" {
        "*" request "hostedZoneId": "route53:::hostedzone/{last}" = "AWS::Route53::HostedZone",
            ChangeResourceRecordSets {"hostedZoneId": "Z0A1B2"} -> "arn:aws:route53:::hostedzone/Z0A1B2";
        "*HostedZone*" request "id": "route53:::hostedzone/{last}" = "AWS::Route53::HostedZone",
            DeleteHostedZone {"id": "Z0A1B2"} -> "arn:aws:route53:::hostedzone/Z0A1B2";
        "*" response "hostedZone.id": "route53:::hostedzone/{last}" = "AWS::Route53::HostedZone",
            CreateHostedZone {"hostedZone": {"id": "/hostedzone/Z0A1B2"}} -> "arn:aws:route53:::hostedzone/Z0A1B2";
    }
    "states.amazonaws.com" {
        "*" request "stateMachineArn": "{value}" = "AWS::StepFunctions::StateMachine",
            DeleteStateMachine {"stateMachineArn": "arn:aws:states:us-east-1:111122223333:stateMachine:m"}
                -> "arn:aws:states:us-east-1:111122223333:stateMachine:m";
        "*" response "stateMachineArn": "{value}" = "AWS::StepFunctions::StateMachine",
            CreateStateMachine {"stateMachineArn": "arn:aws:states:us-east-1:111122223333:stateMachine:m"}
                -> "arn:aws:states:us-east-1:111122223333:stateMachine:m";
        "CreateStateMachine" or_request "name":
            "states:{region}:{account}:stateMachine:{value}" = "AWS::StepFunctions::StateMachine",
            CreateStateMachine {"name": "m"} -> "arn:aws:states:us-east-1:111122223333:stateMachine:m";
        "*" request "executionArn": "{value}" = "AWS::StepFunctions::Execution",
            StopExecution {"executionArn": "arn:aws:states:us-east-1:111122223333:execution:m:0a1b"}
                -> "arn:aws:states:us-east-1:111122223333:execution:m:0a1b";
        "*" response "executionArn": "{value}" = "AWS::StepFunctions::Execution",
            StartExecution {"executionArn": "arn:aws:states:us-east-1:111122223333:execution:m:0a1b"}
                -> "arn:aws:states:us-east-1:111122223333:execution:m:0a1b";
        "*" request "activityArn": "{value}" = "AWS::StepFunctions::Activity",
            DeleteActivity {"activityArn": "arn:aws:states:us-east-1:111122223333:activity:a"}
                -> "arn:aws:states:us-east-1:111122223333:activity:a";
    }
    "elasticfilesystem.amazonaws.com" {
        "*" request "fileSystemId": "elasticfilesystem:{region}:{account}:file-system/{value}" = "AWS::EFS::FileSystem",
            CreateMountTarget {"fileSystemId": "fs-1"}
                -> "arn:aws:elasticfilesystem:us-east-1:111122223333:file-system/fs-1";
        "*" response "fileSystemId":
            "elasticfilesystem:{region}:{account}:file-system/{value}" = "AWS::EFS::FileSystem",
            CreateFileSystem {"fileSystemId": "fs-1"}
                -> "arn:aws:elasticfilesystem:us-east-1:111122223333:file-system/fs-1";
        "*" request "accessPointId":
            "elasticfilesystem:{region}:{account}:access-point/{value}" = "AWS::EFS::AccessPoint",
            DeleteAccessPoint {"accessPointId": "fsap-0a1b"}
                -> "arn:aws:elasticfilesystem:us-east-1:111122223333:access-point/fsap-0a1b";
        "*" request "securityGroups[]": "ec2:{region}:{account}:security-group/{value}" = "AWS::EC2::SecurityGroup",
            ModifyMountTargetSecurityGroups {"securityGroups": ["sg-1"]}
                -> "arn:aws:ec2:us-east-1:111122223333:security-group/sg-1";
    }
    "autoscaling.amazonaws.com" {
        "*" request "autoScalingGroupName":
            "autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{value}" = "AWS::AutoScaling::AutoScalingGroup",
            PutScalingPolicy {"autoScalingGroupName": "web"}
                -> "arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:*:autoScalingGroupName/web";
        "*" request "autoScalingGroupNames[]":
            "autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{value}" = "AWS::AutoScaling::AutoScalingGroup",
            DescribeAutoScalingGroups {"autoScalingGroupNames": ["web"]}
                -> "arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:*:autoScalingGroupName/web";
        "*" request "launchConfigurationName":
            "autoscaling:{region}:{account}:launchConfiguration:*:launchConfigurationName/{value}" = "AWS::AutoScaling::LaunchConfiguration",
            DeleteLaunchConfiguration {"launchConfigurationName": "web"}
                -> "arn:aws:autoscaling:us-east-1:111122223333:launchConfiguration:*:launchConfigurationName/web";
        "*" response "policyARN": "{value}" = "AWS::AutoScaling::ScalingPolicy",
            PutScalingPolicy {"policyARN": "arn:aws:autoscaling:us-east-1:111122223333:scalingPolicy:a6597cf7:autoScalingGroupName/web:policyName/up"}
                -> "arn:aws:autoscaling:us-east-1:111122223333:scalingPolicy:a6597cf7:autoScalingGroupName/web:policyName/up";
    }
    "monitoring.amazonaws.com" {
        "*" request "alarmName": "cloudwatch:{region}:{account}:alarm:{value}" = "AWS::CloudWatch::Alarm",
            PutMetricAlarm {"alarmName": "cpu high"} -> "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu high";
        "*" request "alarmNames[]": "cloudwatch:{region}:{account}:alarm:{value}" = "AWS::CloudWatch::Alarm",
            DeleteAlarms {"alarmNames": ["cpu high"]} -> "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu high";
        "*" request "dashboardName": "cloudwatch::{account}:dashboard/{value}" = "AWS::CloudWatch::Dashboard",
            PutDashboard {"dashboardName": "ops"} -> "arn:aws:cloudwatch::111122223333:dashboard/ops";
        "*" request "dashboardNames[]": "cloudwatch::{account}:dashboard/{value}" = "AWS::CloudWatch::Dashboard",
            DeleteDashboards {"dashboardNames": ["ops"]} -> "arn:aws:cloudwatch::111122223333:dashboard/ops";
    }
    "bedrock-agentcore.amazonaws.com" {
        "*" response "gatewayArn": "{value}" = "AWS::BedrockAgentCore::Gateway",
            CreateGateway {"gatewayArn": "arn:aws:bedrock-agentcore:us-east-1:111122223333:gateway/tools-0a1b"}
                -> "arn:aws:bedrock-agentcore:us-east-1:111122223333:gateway/tools-0a1b";
        "*" or_request "gatewayIdentifier":
            "bedrock-agentcore:{region}:{account}:gateway/{value}" = "AWS::BedrockAgentCore::Gateway",
            CreateGatewayTarget {"gatewayIdentifier": "tools-0a1b"}
                -> "arn:aws:bedrock-agentcore:us-east-1:111122223333:gateway/tools-0a1b";
        "*" request "agentRuntimeArn": "{value}" = "AWS::BedrockAgentCore::Runtime",
            InvokeAgentRuntime {"agentRuntimeArn": "arn:aws:bedrock-agentcore:us-east-1:111122223333:runtime/agent-0a1b"}
                -> "arn:aws:bedrock-agentcore:us-east-1:111122223333:runtime/agent-0a1b";
    }
    "bedrock-agentcore-control.amazonaws.com" {
        "*" response "gatewayArn": "{value}" = "AWS::BedrockAgentCore::Gateway",
            CreateGateway {"gatewayArn": "arn:aws:bedrock-agentcore:us-east-1:111122223333:gateway/tools-0a1b"}
                -> "arn:aws:bedrock-agentcore:us-east-1:111122223333:gateway/tools-0a1b";
        "*" or_request "gatewayIdentifier":
            "bedrock-agentcore:{region}:{account}:gateway/{value}" = "AWS::BedrockAgentCore::Gateway",
            CreateGatewayTarget {"gatewayIdentifier": "tools-0a1b"}
                -> "arn:aws:bedrock-agentcore:us-east-1:111122223333:gateway/tools-0a1b";
    }
    "bedrock.amazonaws.com" {
        "*" request "modelId": "bedrock:{region}::foundation-model/{value}" = "AWS::Bedrock::FoundationModel",
            InvokeModel {"modelId": "anthropic.claude-3-sonnet-20240229-v1:0"}
                -> "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-sonnet-20240229-v1:0";
        "*" response "jobArn": "{value}" = "AWS::Bedrock::ModelCustomizationJob",
            CreateModelCustomizationJob {"jobArn": "arn:aws:bedrock:us-east-1:111122223333:model-customization-job/m/q4"}
                -> "arn:aws:bedrock:us-east-1:111122223333:model-customization-job/m/q4";
    }
    "rolesanywhere.amazonaws.com" {
        "*" response "profile.profileArn": "{value}" = "AWS::RolesAnywhere::Profile",
            CreateProfile {"profile": {"profileArn": "arn:aws:rolesanywhere:us-east-1:111122223333:profile/0a1b"}}
                -> "arn:aws:rolesanywhere:us-east-1:111122223333:profile/0a1b";
        "*" or_request "profileId": "rolesanywhere:{region}:{account}:profile/{value}" = "AWS::RolesAnywhere::Profile",
            DeleteProfile {"profileId": "0a1b"} -> "arn:aws:rolesanywhere:us-east-1:111122223333:profile/0a1b";
        "*" response "trustAnchor.trustAnchorArn": "{value}" = "AWS::RolesAnywhere::TrustAnchor",
            CreateTrustAnchor {"trustAnchor": {"trustAnchorArn": "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0a1b"}}
                -> "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0a1b";
        "*" or_request "trustAnchorId":
            "rolesanywhere:{region}:{account}:trust-anchor/{value}" = "AWS::RolesAnywhere::TrustAnchor",
            DeleteTrustAnchor {"trustAnchorId": "0a1b"}
                -> "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0a1b";
    }
    "kinesis.amazonaws.com" {
        "*" request "streamName": "kinesis:{region}:{account}:stream/{value}" = "AWS::Kinesis::Stream",
            DeleteStream {"streamName": "clicks"} -> "arn:aws:kinesis:us-east-1:111122223333:stream/clicks";
        "*" request "streamARN": "{value}" = "AWS::Kinesis::Stream",
            PutResourcePolicy {"streamARN": "arn:aws:kinesis:us-east-1:111122223333:stream/clicks"}
                -> "arn:aws:kinesis:us-east-1:111122223333:stream/clicks";
    }
    "firehose.amazonaws.com" {
        "*" request "deliveryStreamName":
            "firehose:{region}:{account}:deliverystream/{value}" = "AWS::KinesisFirehose::DeliveryStream",
            DeleteDeliveryStream {"deliveryStreamName": "clicks"}
                -> "arn:aws:firehose:us-east-1:111122223333:deliverystream/clicks";
    }
    "redshift.amazonaws.com" {
        "*" request "clusterIdentifier": "redshift:{region}:{account}:cluster:{value}" = "AWS::Redshift::Cluster",
            DeleteCluster {"clusterIdentifier": "dw"} -> "arn:aws:redshift:us-east-1:111122223333:cluster:dw";
    }
    "elasticache.amazonaws.com" {
        "*" request "cacheClusterId":
            "elasticache:{region}:{account}:cluster:{value}" = "AWS::ElastiCache::CacheCluster",
            CreateCacheCluster {"cacheClusterId": "cache"}
                -> "arn:aws:elasticache:us-east-1:111122223333:cluster:cache";
        "*" request "replicationGroupId":
            "elasticache:{region}:{account}:replicationgroup:{value}" = "AWS::ElastiCache::ReplicationGroup",
            CreateReplicationGroup {"replicationGroupId": "cache"}
                -> "arn:aws:elasticache:us-east-1:111122223333:replicationgroup:cache";
    }
    "es.amazonaws.com" {
        "*" request "domainName": "es:{region}:{account}:domain/{value}" = "AWS::OpenSearchService::Domain",
            CreateDomain {"domainName": "search"} -> "arn:aws:es:us-east-1:111122223333:domain/search";
    }
    "cognito-idp.amazonaws.com" {
        "*" request "userPoolId": "cognito-idp:{region}:{account}:userpool/{value}" = "AWS::Cognito::UserPool",
            AdminCreateUser {"userPoolId": "us-east-1_0a1B2c"}
                -> "arn:aws:cognito-idp:us-east-1:111122223333:userpool/us-east-1_0a1B2c";
    }
    "acm.amazonaws.com" {
        "*" request "certificateArn": "{value}" = "AWS::CertificateManager::Certificate",
            DeleteCertificate {"certificateArn": "arn:aws:acm:us-east-1:111122223333:certificate/0a1b"}
                -> "arn:aws:acm:us-east-1:111122223333:certificate/0a1b";
        "*" response "certificateArn": "{value}" = "AWS::CertificateManager::Certificate",
            RequestCertificate {"certificateArn": "arn:aws:acm:us-east-1:111122223333:certificate/0a1b"}
                -> "arn:aws:acm:us-east-1:111122223333:certificate/0a1b";
    }
    "codebuild.amazonaws.com" {
        "*" request "projectName": "codebuild:{region}:{account}:project/{value}" = "AWS::CodeBuild::Project",
            StartBuild {"projectName": "app"} -> "arn:aws:codebuild:us-east-1:111122223333:project/app";
    }
    "athena.amazonaws.com" {
        "*" request "workGroup": "athena:{region}:{account}:workgroup/{value}" = "AWS::Athena::WorkGroup",
            StartQueryExecution {"workGroup": "primary"} -> "arn:aws:athena:us-east-1:111122223333:workgroup/primary";
    }
    "glue.amazonaws.com" {
        "*" request "databaseName": "glue:{region}:{account}:database/{value}" = "AWS::Glue::Database",
            DeleteTable {"databaseName": "lake"} -> "arn:aws:glue:us-east-1:111122223333:database/lake";
        "*" request "jobName": "glue:{region}:{account}:job/{value}" = "AWS::Glue::Job",
            StartJobRun {"jobName": "etl"} -> "arn:aws:glue:us-east-1:111122223333:job/etl";
    }
    "backup.amazonaws.com" {
        "*" request "backupVaultName": "backup:{region}:{account}:backup-vault:{value}" = "AWS::Backup::BackupVault",
            DeleteBackupVault {"backupVaultName": "daily"}
                -> "arn:aws:backup:us-east-1:111122223333:backup-vault:daily";
        "*" request "recoveryPointArn": "{value}" = "AWS::Backup::RecoveryPoint",
            DeleteRecoveryPoint {"recoveryPointArn": "arn:aws:backup:us-east-1:111122223333:recovery-point:0a1b"}
                -> "arn:aws:backup:us-east-1:111122223333:recovery-point:0a1b";
    }
    "sso.amazonaws.com" {
        "*" request "instanceArn": "{value}" = "AWS::SSO::Instance",
            UpdateSsoConfiguration {"instanceArn": "arn:aws:sso:::instance/ssoins-66846d02039d7f57"}
                -> "arn:aws:sso:::instance/ssoins-66846d02039d7f57";
        "*" request "permissionSetArn": "{value}" = "AWS::SSO::PermissionSet",
            CreateAccountAssignment {"permissionSetArn": "arn:aws:sso:::permissionSet/ssoins-66846d02039d7f57/ps-cc3b"}
                -> "arn:aws:sso:::permissionSet/ssoins-66846d02039d7f57/ps-cc3b";
    }
}
