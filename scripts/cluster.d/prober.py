"""Asks every address that a pod may have for its name, again and again, until it is ended.

    prober.py LOG ADDRESS...

Each answer is a line of LOG: when, the address, who answered.
"""
import asyncio
import sys
import time

log = open(sys.argv[1], "a", buffering=1)
addresses = sys.argv[2:]


async def ask(address):
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(address, 80), 2)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
    except (OSError, asyncio.TimeoutError):
        return
    if b"\r\n\r\n" in answer:
        name = answer.split(b"\r\n\r\n", 1)[1].decode(errors="replace").strip()
        log.write(f"{time.time():.3f} {address} {name}\n")


async def main():
    while True:
        for start in range(0, len(addresses), 25):
            await asyncio.gather(*map(ask, addresses[start : start + 25]))
        await asyncio.sleep(0.5)


asyncio.run(main())
