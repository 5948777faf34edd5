use prosopa_notifications::{Config, ConfigError, NotificationsService};
use prosopa_runtime::Service;
use prosopa_testkit::TestPlatform;

/// K6: jobs are listed for one to 3650 days, for 30 unless it is said otherwise; the service does not start with less or
/// more.
#[tokio::test]
async fn days_out_of_range_are_refused() {
    assert_eq!(Config::default().projection_days, 30);
    for projection_days in [1, 3_650] {
        assert_eq!(Config { projection_days, ..Config::default() }.validate(), Ok(()));
    }
    let test = TestPlatform::new();
    for projection_days in [0, 3_651] {
        let config = Config { projection_days, ..Config::default() };
        let built = NotificationsService::build(config, &test.platform).await;
        let error = built.err().unwrap();
        let refused = error.downcast_ref::<ConfigError>();
        assert_eq!(refused, Some(&ConfigError::ProjectionDays(projection_days)));
    }
}
