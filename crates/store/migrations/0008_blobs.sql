-- Small blobs, by the hash of their bytes. In the database they are written in the transaction of the event that names
-- them, and every node that shares the database has them; what is larger stays in files of the data folder.
CREATE TABLE swarm.blobs (
    hash  text  NOT NULL PRIMARY KEY,
    bytes bytea NOT NULL
);
