"""What a template Lambda in Python does: list the prefix, download what is there, pack it.

    fetch.py THREADS ENDPOINT BUCKET PREFIX FOLDER ARCHIVE

THREADS 1 is the loop of the official template, download_file for one object after another. More are the usual next step:
a pool of threads with one GET each, over one client.

It does so once, says "done", and again for each line that it reads: a warm instance.
"""

import os
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config


def main(threads, endpoint, bucket, prefix, folder, archive):
    threads = int(threads)
    s3 = boto3.client("s3", endpoint_url=endpoint, config=Config(max_pool_connections=max(threads, 10)))

    def place(key):
        path = os.path.join(folder, key[len(prefix):])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def download(key):
        s3.download_file(bucket, key, place(key))

    def get(key):
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        with open(place(key), "wb") as out:
            out.write(body)

    while True:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [o["Key"] for page in pages for o in page.get("Contents", [])]
        if threads == 1:
            for key in keys:
                download(key)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(get, keys))
        with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
            tar.add(folder, arcname="dags")
        print("done", flush=True)
        if not sys.stdin.readline():
            return


main(*sys.argv[1:])
