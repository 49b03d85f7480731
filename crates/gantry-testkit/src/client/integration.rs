use serde_json::{Value, json};

use super::{Answer, Client, text};

/// An AWS integration; what is not said is what the Terraform provider sends.
#[derive(Clone, Debug)]
pub struct IntegrationInput {
    pub name: String,
    pub role_arn: String,
    pub duration: i64,
    pub labels: Vec<String>,
    pub external_id: String,
    pub in_worker: bool,
    pub autoattach: bool,
    pub tag: bool,
}

impl IntegrationInput {
    pub fn new(name: &str, role_arn: &str) -> Self {
        Self {
            name: name.to_owned(),
            role_arn: role_arn.to_owned(),
            duration: 900,
            labels: Vec::new(),
            external_id: String::new(),
            in_worker: false,
            autoattach: false,
            tag: false,
        }
    }

    pub fn wire(&self) -> Value {
        json!({
            "name": self.name,
            "roleArn": self.role_arn,
            "generateCredentialsInWorker": self.in_worker,
            "externalID": self.external_id,
            "durationSeconds": self.duration,
            "labels": self.labels,
            "space": null,
            "region": null,
            "autoattachEnabled": self.autoattach,
            "tagAssumeRole": self.tag,
        })
    }
}

const CREATE: &str = "mutation($name:String!,$roleArn:String!,$generateCredentialsInWorker:Boolean!,\
    $externalID:String,$durationSeconds:Int,$labels:[String!],$space:ID,$region:String,\
    $autoattachEnabled:Boolean,$tagAssumeRole:Boolean){awsIntegrationCreate(name:$name,\
    roleArn:$roleArn,generateCredentialsInWorker:$generateCredentialsInWorker,\
    externalID:$externalID,durationSeconds:$durationSeconds,labels:$labels,space:$space,\
    region:$region,autoattachEnabled:$autoattachEnabled,tagAssumeRole:$tagAssumeRole){id}}";

const UPDATE: &str = "mutation($id:ID!,$name:String!,$roleArn:String!,\
    $generateCredentialsInWorker:Boolean!,\
    $externalID:String,$durationSeconds:Int,$labels:[String!],$space:ID,$region:String,\
    $autoattachEnabled:Boolean,$tagAssumeRole:Boolean){awsIntegrationUpdate(id:$id,name:$name,\
    roleArn:$roleArn,generateCredentialsInWorker:$generateCredentialsInWorker,\
    externalID:$externalID,durationSeconds:$durationSeconds,labels:$labels,space:$space,\
    region:$region,autoattachEnabled:$autoattachEnabled,tagAssumeRole:$tagAssumeRole){id}}";

impl Client {
    /// Answers with the integration's ID.
    pub async fn create_integration(&self, input: &IntegrationInput) -> Answer<String> {
        let answer = self.query(CREATE, input.wire()).await?;
        Ok(text(&answer["awsIntegrationCreate"]["id"]))
    }

    pub async fn update_integration(&self, id: &str, input: &IntegrationInput) -> Answer<()> {
        let mut variables = input.wire();
        variables["id"] = json!(id);
        self.query(UPDATE, variables).await.map(drop)
    }

    /// The external ID that a role must demand, as the API tells it.
    pub async fn external_id(
        &self,
        integration: &str,
        stack: &str,
        read: bool,
        write: bool,
    ) -> Answer<String> {
        let answer = self
            .query(
                "query($id:ID!,$stack:ID!,$read:Boolean!,$write:Boolean!){awsIntegration(id:$id){\
                 externalIdForStack(stackId:$stack,read:$read,write:$write){externalId}}}",
                json!({"id": integration, "stack": stack, "read": read, "write": write}),
            )
            .await?;
        Ok(text(
            &answer["awsIntegration"]["externalIdForStack"]["externalId"],
        ))
    }

    /// Answers with the attachment's ID.
    pub async fn attach(
        &self,
        integration: &str,
        stack: &str,
        read: bool,
        write: bool,
    ) -> Answer<String> {
        let answer = self
            .query(
                "mutation($id:ID!,$stack:ID!,$read:Boolean!,$write:Boolean!){\
                 awsIntegrationAttach(id:$id,stack:$stack,read:$read,write:$write){id}}",
                json!({"id": integration, "stack": stack, "read": read, "write": write}),
            )
            .await?;
        Ok(text(&answer["awsIntegrationAttach"]["id"]))
    }

    pub async fn detach(&self, attachment: &str) -> Answer<()> {
        self.query(
            "mutation($id:ID!){awsIntegrationDetach(id:$id){id}}",
            json!({"id": attachment}),
        )
        .await
        .map(drop)
    }

    /// Sets the stack's legacy role.
    pub async fn set_legacy_role(&self, stack: &str, role_arn: &str) -> Answer<()> {
        self.legacy_role(stack, role_arn, false, None).await
    }

    /// Sets one that the workers of a private pool assume, with a custom external ID if there is one.
    pub async fn set_legacy_role_in_worker(
        &self,
        stack: &str,
        role_arn: &str,
        external_id: Option<&str>,
    ) -> Answer<()> {
        self.legacy_role(stack, role_arn, true, external_id).await
    }

    async fn legacy_role(
        &self,
        stack: &str,
        role_arn: &str,
        in_worker: bool,
        external_id: Option<&str>,
    ) -> Answer<()> {
        self.query(
            "mutation($id:ID!,$roleArn:String!,$inWorker:Boolean!,$externalID:String){\
             stackIntegrationAwsCreate(id:$id,roleArn:$roleArn,\
             generateCredentialsInWorker:$inWorker,externalID:$externalID,\
             durationSeconds:null,region:null){activated}}",
            json!({
                "id": stack, "roleArn": role_arn,
                "inWorker": in_worker, "externalID": external_id,
            }),
        )
        .await
        .map(drop)
    }
}
