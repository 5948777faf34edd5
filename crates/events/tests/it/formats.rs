//! The stored bytes of every message, which must not change: a row or a record that was written by an older version is
//! read by a newer one.

use prosopa_contract::events::{
    DetectionCreated, DetectionDeleted, EncodedUsageRecorded, Event, JobChanged, OperationBilled,
    UsageHeader, UsageRecord, UsageRecorded, UserDeactivated, UserDeleted, UserReactivated, UserRegistered,
};

fn hexadecimal(event: &impl Event) -> String {
    event.encode_to_vec().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// F10: the bytes of v1. Where this fails, the change is a breaking one: it needs a new topic beside the old.
#[test]
fn messages_keep_their_bytes() {
    let created = DetectionCreated {
        detection_id: "d".into(),
        account_id: "a".into(),
        image_id: "i".into(),
        face_count: 2,
        model_digest: "m".into(),
        image_bytes: 300,
    };
    assert_eq!(hexadecimal(&created), "0a0164120161 1a0169 2002 2a016d 30ac02".replace(' ', ""));
    let deleted = DetectionDeleted { detection_id: "d".into(), account_id: "a".into(), image_id: "i".into() };
    assert_eq!(hexadecimal(&deleted), "0a01641201611a0169");
    let billed = OperationBilled {
        account_id: "a".into(),
        user_id: "u".into(),
        operation: "o".into(),
        units: 1,
        resource_id: "r".into(),
        billed_at_us: 2,
        cpu_us: 3,
        device_us: 4,
        bytes: 5,
        model_digest: "m".into(),
    };
    let expected = "0a0161 120175 1a016f 2001 2a0172 3002 3803 4004 4805 52016d";
    assert_eq!(hexadecimal(&billed), expected.replace(' ', ""));
    let registered = UserRegistered { user_id: "u".into(), account_id: "a".into() };
    assert_eq!(hexadecimal(&registered), "0a0175120161");
    let deactivated = UserDeactivated { user_id: "u".into(), account_id: "a".into() };
    assert_eq!(hexadecimal(&deactivated), "0a0175120161");
    let reactivated = UserReactivated { user_id: "u".into(), account_id: "a".into() };
    assert_eq!(hexadecimal(&reactivated), "0a0175120161");
    let deleted = UserDeleted { user_id: "u".into(), account_id: "a".into(), is_account_deleted: true };
    assert_eq!(hexadecimal(&deleted), "0a01751201611801");
    let changed = JobChanged {
        job_id: "j".into(),
        account_id: "a".into(),
        service: "s".into(),
        kind: "k".into(),
        class: "c".into(),
        status: "t".into(),
        phase: "p".into(),
        progress_done: 1,
        progress_total: 2,
        attempts: 3,
        created_at_us: 4,
        changed_at_us: 5,
        problem_code: "x".into(),
        href: "h".into(),
    };
    let expected = "0a016a 120161 1a0173 22016b 2a0163 320174 3a0170 4001 4802 5003 5804 6005 6a0178 720168";
    assert_eq!(hexadecimal(&changed), expected.replace(' ', ""));
    let header = |name: &str| vec![UsageHeader { name: name.into(), value: "v".into() }];
    let used = UsageRecorded {
        spool_id: "s".into(),
        records: vec![UsageRecord {
            sequence: 1,
            request_id: "r".into(),
            account_id: "a".into(),
            user_id: "u".into(),
            credential_kind: "k".into(),
            credential_id: "c".into(),
            operation: "o".into(),
            method: "m".into(),
            path: "p".into(),
            started_at_us: 2,
            outcome: "t".into(),
            status: 201,
            problem_code: "x".into(),
            duration_us: 3,
            request_bytes: 4,
            response_bytes: 5,
            request_headers: header("q"),
            response_headers: header("n"),
            path_template: "t".into(),
            query: "q".into(),
            http_version: "v".into(),
            client_network: "n".into(),
            other_request_headers: "a".into(),
            other_response_headers: "b".into(),
            verify_us: 6,
            admit_us: 7,
            upstream_us: 8,
            request_body: "R".into(),
            response_body: "S".into(),
        }],
    };
    let expected = "0a0173 1267 0801 120172 1a0161 220175 2a016b 320163 3a016f 42016d 4a0170 5002 5a0174 60c901 6a0178 \
                    7003 7804 800105 8a01060a0171120176 9201060a016e120176 9a010174 \
                    a2010171 aa010176 b201016e ba010161 c2010162 c80106 d00107 d80108 e2010152 ea010153";
    assert_eq!(hexadecimal(&used), expected.replace(' ', ""));
    let records = used.records.iter().map(prost::Message::encode_to_vec).collect();
    let encoded = EncodedUsageRecorded { spool_id: "s".into(), records };
    assert_eq!(hexadecimal(&encoded), hexadecimal(&used));
    let names = [
        DetectionCreated::TYPE,
        DetectionDeleted::TYPE,
        OperationBilled::TYPE,
        JobChanged::TYPE,
        UserRegistered::TYPE,
        UserDeactivated::TYPE,
        UserReactivated::TYPE,
        UserDeleted::TYPE,
        UsageRecorded::TYPE,
    ];
    assert_eq!(
        names,
        [
            "dev.prosopa.detection.created.v1",
            "dev.prosopa.detection.deleted.v1",
            "dev.prosopa.operation.billed.v1",
            "dev.prosopa.job.changed.v1",
            "dev.prosopa.user.registered.v1",
            "dev.prosopa.user.deactivated.v1",
            "dev.prosopa.user.reactivated.v1",
            "dev.prosopa.user.deleted.v1",
            "dev.prosopa.usage.recorded.v1",
        ]
    );
}
