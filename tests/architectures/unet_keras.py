import keras
from keras import layers


def block(x, n):
    for _ in range(2):
        x = layers.Conv2D(n, 3, padding="same")(x)
        x = layers.BatchNormalization(epsilon=1e-5, momentum=0.9)(x)
        x = layers.Activation("relu")(x)
    return x


def unet(classes=3):
    i = keras.Input((32, 32, 1))
    a = block(i, 8)
    b = block(layers.MaxPooling2D()(a), 16)
    m = block(layers.MaxPooling2D()(b), 32)
    y = block(layers.Concatenate()([b, layers.Conv2DTranspose(16, 2, strides=2)(m)]), 16)
    y = block(layers.Concatenate()([a, layers.Conv2DTranspose(8, 2, strides=2)(y)]), 8)
    return keras.Model(i, layers.Conv2D(classes, 1)(y))
