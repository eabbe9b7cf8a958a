using System.Numerics;
using Cameo.Sessions;
using Xunit;

namespace Cameo.Tests.Sessions;

public sealed unsafe class TensorTests
{
    [Fact]
    public void ValuesShapeAndTypeAreKept()
    {
        float[] values = [1, 2, 3, 4, 5, 6];
        Tensor tensor = Tensor.Create(values, 2, 3);
        values[0] = 9;
        Assert.Equal([1, 2, 3, 4, 5, 6], tensor.AsSpan<float>().ToArray());
        Assert.Equal([2, 3], tensor.Shape.ToArray());
        Assert.Equal((2, 6, 24), (tensor.Rank, tensor.ElementCount, tensor.Bytes.Length));
        Assert.Equal("Float32[2, 3]", tensor.ToString());
    }

    [Fact]
    public void EveryNumberTypeHasItsElementTypeAndSize()
    {
        Check<float>(ElementType.Float32);
        Check<double>(ElementType.Float64);
        Check<Half>(ElementType.Float16);
        Check<byte>(ElementType.UInt8);
        Check<sbyte>(ElementType.Int8);
        Check<ushort>(ElementType.UInt16);
        Check<short>(ElementType.Int16);
        Check<uint>(ElementType.UInt32);
        Check<int>(ElementType.Int32);
        Check<ulong>(ElementType.UInt64);
        Check<long>(ElementType.Int64);
        Check<bool>(ElementType.Boolean);
        Check<Complex>(ElementType.Complex128);
        Assert.Throws<NotSupportedException>(() => ElementTypes.Of<char>());
        Assert.Throws<NotSupportedException>(() => ElementType.String.Bytes());

        static void Check<T>(ElementType expected)
            where T : unmanaged
        {
            Assert.Equal(expected, ElementTypes.Of<T>());
            Assert.Equal(sizeof(T), expected.Bytes());
        }
    }

    [Fact]
    public void ScalarsAndEmptyTensorsExist()
    {
        Assert.Equal(1, new Tensor(ElementType.Int64).ElementCount);
        Assert.Equal([7L], Tensor.Create([7L]).AsSpan<long>().ToArray());
        Assert.Equal(0, new Tensor(ElementType.Float32, 0, 5).ElementCount);
        Assert.Equal(0, Tensor.Create(Array.Empty<float>(), 1, 0).ElementCount);
    }

    [Fact]
    public void WhatDoesNotFitIsRefused()
    {
        Assert.Throws<ArgumentException>(() => Tensor.Create([1f, 2], 3));
        Assert.Throws<ArgumentException>(() => Tensor.FromBytes(ElementType.BFloat16, new byte[3], 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Tensor(ElementType.Float32, -1));
        Assert.Throws<OverflowException>(() => new Tensor(ElementType.Float32, long.MaxValue, 3));
        Assert.Throws<OverflowException>(() => new Tensor(ElementType.Float32, 1 << 20, 1 << 20));
        Assert.Throws<InvalidOperationException>(() => new Tensor(ElementType.Float32, 2).AsSpan<int>().ToArray());
    }

    [Fact]
    public void AViewSeesAndCopies()
    {
        int[] numbers = [1, 2, 3, 4];
        fixed (int* data = numbers)
        {
            var view = new TensorView(data, ElementType.Int32, [2, 2]);
            Assert.Equal(4, view.ElementCount);
            Assert.Equal(numbers, view.AsSpan<int>().ToArray());
            Tensor copy = view.ToTensor();
            numbers[0] = 9;
            Assert.Equal([1, 2, 3, 4], copy.AsSpan<int>().ToArray());
            Assert.Equal([2, 2], copy.Shape.ToArray());
            Assert.Equal(0, new TensorView(null, ElementType.Int32, [0, 2]).ToTensor().ElementCount);
        }
    }
}
