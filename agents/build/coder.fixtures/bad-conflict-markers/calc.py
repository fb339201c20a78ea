def add(a, b):
<<<<<<< HEAD
    return a + b
=======
    return b + a
>>>>>>> theirs
