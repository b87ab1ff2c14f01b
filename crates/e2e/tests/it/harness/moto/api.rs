//! As much of EC2's query API as tests use. moto checks no signatures.

use std::net::Ipv4Addr;

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::{Client, header::AUTHORIZATION};
use tokio::runtime::{Builder, Runtime};
use url::form_urlencoded;

const SIGNATURE: &str =
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=none";

/// The way to moto.
#[derive(Debug, Clone)]
pub(super) struct Api {
    port: u16,
    client: Client,
}

/// One instance, as the API describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Instance {
    pub(crate) id: String,
    /// `pending`, `running`, `shutting-down`, `terminated`, …
    pub(crate) state: String,
    pub(crate) image: String,
    pub(crate) zone: String,
    pub(crate) address: Ipv4Addr,
}

impl Instance {
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.state.as_str(), "pending" | "running")
    }
}

impl Api {
    pub(super) fn new(port: u16) -> Self {
        Self { port, client: super::super::client::client(false) }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The answer's XML.
    pub(super) fn call(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        self.try_call(action, parameters).unwrap_or_else(|error| panic!("{action}: {error}"))
    }

    fn try_call(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String, reqwest::Error> {
        let all = [("Action", action), ("Version", "2016-11-15")].into_iter().chain(parameters.iter().copied());
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish();
        let request = self.client.post(self.url()).header(AUTHORIZATION, SIGNATURE);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        runtime().block_on(async { request.send().await?.error_for_status()?.text().await })
    }

    pub(super) fn create_vpc(&self, network: &str) -> String {
        text(&self.call("CreateVpc", &[("CidrBlock", network)]), "vpcId").to_owned()
    }

    pub(super) fn create_subnet(&self, vpc: &str, zone: &str, network: &str) -> String {
        let parameters = [("VpcId", vpc), ("CidrBlock", network), ("AvailabilityZone", zone)];
        text(&self.call("CreateSubnet", &parameters), "subnetId").to_owned()
    }

    pub(super) fn images(&self) -> Vec<String> {
        let answer = self.call("DescribeImages", &[]);
        answer.split("<imageId>").skip(1).filter_map(|rest| Some(rest.split_once('<')?.0.to_owned())).collect()
    }

    /// In any state, the oldest first.
    pub(super) fn instances(&self) -> Vec<Instance> {
        let answer = self.call("DescribeInstances", &[]);
        // The id stands before all that is asked here, and the network interfaces of the next one after it.
        let items = answer.split("<instanceId>").skip(1);
        let mut instances: Vec<_> = items
            .map(|item| {
                let instance = Instance {
                    id: item.split_once('<').expect("XML").0.to_owned(),
                    state: text(item, "name").to_owned(),
                    image: text(item, "imageId").to_owned(),
                    zone: text(item, "availabilityZone").to_owned(),
                    address: text(item, "privateIpAddress").parse().unwrap_or(Ipv4Addr::UNSPECIFIED),
                };
                (text(item, "launchTime").to_owned(), instance)
            })
            .collect();
        instances.sort_by(|one, other| one.0.cmp(&other.0));
        instances.into_iter().map(|(_, instance)| instance).collect()
    }

    /// Launches one; its id.
    pub(super) fn launch(&self, image: &str, subnet: &str, user_data: &str, tags: &[(&str, &str)]) -> String {
        let user_data = BASE64_STANDARD.encode(user_data);
        let one = [("MinCount", "1"), ("MaxCount", "1"), ("InstanceType", "m5.large")];
        let this = [("ImageId", image), ("SubnetId", subnet), ("UserData", user_data.as_str())];
        let tags: Vec<_> = (1..).zip(tags).flat_map(|(number, tag)| tag_parameters(number, tag)).collect();
        let tags = tags.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let all: Vec<_> = one.into_iter().chain(this).chain(tags).collect();
        text(&self.call("RunInstances", &all), "instanceId").to_owned()
    }

    /// What the instance was launched to run; empty when it was given nothing.
    pub(super) fn user_data(&self, id: &str) -> String {
        let answer = self.call("DescribeInstanceAttribute", &[("InstanceId", id), ("Attribute", "userData")]);
        let data = BASE64_STANDARD.decode(text(&answer, "value")).expect("the API encodes it so");
        String::from_utf8(data).expect("we launch with scripts only")
    }

    pub(super) fn terminate(&self, id: &str) {
        self.call("TerminateInstances", &[("InstanceId.1", id)]);
    }
}

/// The `number`th tag of an instance to launch.
fn tag_parameters(number: usize, (key, value): &(&str, &str)) -> [(String, String); 3] {
    let tag = format!("TagSpecification.1.Tag.{number}");
    let kind = ("TagSpecification.1.ResourceType".to_owned(), "instance".to_owned());
    [kind, (format!("{tag}.Key"), (*key).to_owned()), (format!("{tag}.Value"), (*value).to_owned())]
}

/// What stands in the first element of a name; empty when there is none.
fn text<'a>(xml: &'a str, element: &str) -> &'a str {
    let rest = xml.split_once(&format!("<{element}>")).map_or("", |(_, rest)| rest);
    rest.split_once('<').map_or("", |(text, _)| text)
}

/// Tests and the booter call from threads of their own.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime without threads")
}
