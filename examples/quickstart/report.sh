#!/bin/sh
# The program that the task `report` starts: the job's history keeps what it prints.
echo "report for $1, job $WHEELWORK_JOB_ID, attempt $WHEELWORK_ATTEMPT"
