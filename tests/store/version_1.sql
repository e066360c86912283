BEGIN TRANSACTION;
CREATE TABLE intervals (
            interval_id TEXT PRIMARY KEY NOT NULL,
            node TEXT NOT NULL,
            request_id TEXT,
            name TEXT NOT NULL,
            job TEXT NOT NULL,
            phase TEXT NOT NULL,
            status TEXT NOT NULL,
            boot_id TEXT NOT NULL,
            begin_monotonic DOUBLE PRECISION NOT NULL,
            begin_wall DOUBLE PRECISION NOT NULL,
            end_monotonic DOUBLE PRECISION,
            end_wall DOUBLE PRECISION,
            lease_seconds DOUBLE PRECISION NOT NULL,
            last_heard DOUBLE PRECISION NOT NULL,
            labels JSON NOT NULL,
            gpus JSON,
            counts JSON NOT NULL,
            notes JSON NOT NULL,
            account JSON,
            edges JSON
        );
INSERT INTO "intervals" VALUES('066517289880003a0f16227cc8','','request-0','train','vision','training','finished','boot-1',1000.0,1800000000.0,1002.0,1800000002.0,86400.0,1000.0,'{"user":"ada","odd \"key\"":"größe"}','["GPU-1"]','{"sample":512.0}','["begun by hand"]','{"node":{"gross_joules":120.0,"idle_joules":20.0,"uncertainty_joules":1.5,"calibration_uncertainty_joules":2.5,"coverage":1.0,"provenance":"measured","idle_uncertainty_joules":0.25,"below_resolution":true},"components":{"cpu":{"gross_joules":120.0,"idle_joules":20.0,"uncertainty_joules":1.5,"calibration_uncertainty_joules":2.5,"coverage":1.0,"provenance":"measured","idle_uncertainty_joules":0.25,"below_resolution":false},"gpu":{"gross_joules":120.0,"idle_joules":20.0,"uncertainty_joules":1.5,"calibration_uncertainty_joules":2.5,"coverage":1.0,"provenance":"integrated","idle_uncertainty_joules":0.25,"below_resolution":false}},"devices":[{"component":"cpu","device":"0","zone":"package","sensor":"rapl","counted":true,"energy":{"gross_joules":120.0,"idle_joules":20.0,"uncertainty_joules":1.5,"calibration_uncertainty_joules":2.5,"coverage":1.0,"provenance":"measured","idle_uncertainty_joules":0.25,"below_resolution":false}},{"component":"cpu","device":"0","zone":"core","sensor":"rapl","counted":false,"energy":{"gross_joules":null,"idle_joules":null,"uncertainty_joules":1.5,"calibration_uncertainty_joules":2.5,"coverage":0.0,"provenance":null,"idle_uncertainty_joules":null,"below_resolution":false}}],"usage":{"cpu_utilization_ratio":0.5,"memory_utilization_ratio":null,"gpus":[{"uuid":"GPU-1","utilization_ratio":0.9,"memory_utilization_ratio":null,"temperature_celsius":null,"sm_clock_hertz":null}]},"notes":["the counter was reset once"]}',NULL);
INSERT INTO "intervals" VALUES('06651728a7c2401baec8292e0c','','request-1','train','vision','training','open','boot-1',1001.0,1800000001.0,NULL,NULL,86400.0,1001.0,'{}','[]','{}','[]',NULL,'{"cpu/0":[1.5,null]}');
INSERT INTO "intervals" VALUES('06651728b70480fe434d6f2d02','',NULL,'train','vision','training','settling','boot-1',1002.0,1800000002.0,1003.0,1800000003.0,86400.0,1002.0,'{}',NULL,'{"sample":3.0}','[]',NULL,NULL);
INSERT INTO "intervals" VALUES('06651728c646c0aa1ca08179c7','','request-3','train','speech','training','truncated','boot-1',1003.0,1800000003.0,1004.0,1800000004.0,86400.0,1003.0,'{}',NULL,'{}','[]',NULL,NULL);
CREATE TABLE schema_version (version INTEGER PRIMARY KEY NOT NULL);
INSERT INTO "schema_version" VALUES(1);
CREATE TABLE state (node TEXT NOT NULL, name TEXT NOT NULL, document JSON NOT NULL, PRIMARY KEY (node, name));
INSERT INTO "state" VALUES('','idle','{"watts":2.0}');
CREATE INDEX intervals_by_request ON intervals (node, request_id);
CREATE INDEX intervals_by_job ON intervals (job, interval_id);
CREATE INDEX intervals_by_status ON intervals (status, end_wall);
COMMIT;
