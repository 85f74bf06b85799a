import keras
from keras import layers


def conv(x, filters, size, strides=1):
    if strides > 1 and size > 1:  # as torch pads: before and after alike
        x = layers.ZeroPadding2D(1)(x)
        x = layers.Conv2D(filters, size, strides=strides, use_bias=False)(x)
    else:
        x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)


def residual(x, filters, strides=1):
    y = layers.ReLU()(conv(x, filters, 3, strides))
    y = conv(y, filters, 3)
    if strides > 1 or x.shape[-1] != filters:
        x = conv(x, filters, 1, strides)
    return layers.ReLU()(layers.Add()([y, x]))


def resnet(classes=10):
    image = keras.Input((32, 32, 3))
    x = layers.ReLU()(conv(image, 8, 3))
    for filters, strides in ((8, 1), (8, 1), (16, 2), (16, 1)):
        x = residual(x, filters, strides)
    return keras.Model(image, layers.Dense(classes)(layers.GlobalAveragePooling2D()(x)))
