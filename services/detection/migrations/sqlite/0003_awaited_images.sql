-- Pictures that wait for a job: nobody can ask for them yet, and the sweep leaves them alone. They go with their job's row.
CREATE TABLE awaited_images (
    image_id BLOB NOT NULL PRIMARY KEY,
    job_id   BLOB NOT NULL REFERENCES jobs (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX awaited_images_by_job ON awaited_images (job_id);
