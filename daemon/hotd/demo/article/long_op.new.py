import threading
import time


class LongOp(threading.Thread):
    def __init__(self, id):
        super().__init__()
        self.id = id

    def run(self):
        for step in range(1, 11):
            print(f"op {self.id}: NEW CODE, step {step} of 10")
            time.sleep(1)
