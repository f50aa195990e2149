#!/bin/sh
# Lets one branch of one repository become the auditor's service account. Fill in the five values.
set -eu
PROJECT=my-project          # where the pool and the service account live
NUMBER=123456789012         # that project's number
OWNER_ID=1234567            # gh api users/my-org --jq .id
REPOSITORY_ID=7654321       # gh api repos/my-org/cloud-audit --jq .id
ACCOUNT="auditor@$PROJECT.iam.gserviceaccount.com"

gcloud iam workload-identity-pools create ci --project="$PROJECT" --location=global
gcloud iam workload-identity-pools providers create-oidc main --project="$PROJECT" --location=global \
  --workload-identity-pool=ci --issuer-uri=https://token.actions.githubusercontent.com \
  --attribute-mapping=google.subject=assertion.sub \
  --attribute-condition="assertion.repository_owner_id == '$OWNER_ID' && assertion.repository_id == '$REPOSITORY_ID'"
# Repositories that are new, renamed or moved have the ids in their subjects, older ones have not.
for subject in \
  "repo:my-org/cloud-audit:ref:refs/heads/main" \
  "repo:my-org@$OWNER_ID/cloud-audit@$REPOSITORY_ID:ref:refs/heads/main"
do
  gcloud iam service-accounts add-iam-policy-binding "$ACCOUNT" --project="$PROJECT" \
    --role=roles/iam.workloadIdentityUser \
    --member="principal://iam.googleapis.com/projects/$NUMBER/locations/global/workloadIdentityPools/ci/subject/$subject"
done
