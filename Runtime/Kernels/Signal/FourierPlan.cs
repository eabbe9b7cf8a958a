using System.Numerics;

namespace Cameo.Kernels;

/// <summary>
/// Transforms of one length: Stockham's algorithm with radices 4, 2, 3 and 5 where the length has no other factors, else Bluestein's, which writes the transform as a convolution and
/// that as transforms of a power of two. Everything is float64, so that errors stay far below float32's. The tables lie in memory of the caller, who computes them once a kernel.
/// </summary>
internal readonly unsafe struct FourierPlan
{
    private readonly int _padded;
    private readonly Complex* _roots;
    private readonly Complex* _chirp;
    private readonly Complex* _chirpSpectrum;

    /// <summary>Fills the tables.</summary>
    /// <param name="length">Numbers of a transform.</param>
    /// <param name="tables"><see cref="TableBytes"/> bytes; the plan is good as long as they are.</param>
    public FourierPlan(int length, byte* tables)
    {
        Length = length;
        _padded = Padded(length);
        _roots = (Complex*)tables;
        for (int index = 0; index < _padded; index++)
        {
            _roots[index] = Root(-2.0 * index / _padded);
        }

        if (_padded != length)
        {
            _chirp = _roots + _padded;
            _chirpSpectrum = _chirp + length;
            FillChirp(_chirpSpectrum + _padded);
        }
    }

    /// <summary>Numbers of a transform.</summary>
    public int Length { get; }

    /// <summary>Complex numbers in each of the two buffers that <see cref="Transform"/> needs.</summary>
    public int BufferLength => _padded;

    /// <summary>Bytes of the tables of a length.</summary>
    public static nuint TableBytes(int length)
    {
        int padded = Padded(length);
        return (nuint)sizeof(Complex) * (nuint)(padded == length ? length : length + (3L * padded));
    }

    /// <summary>
    /// Transforms the first <see cref="Length"/> numbers of <paramref name="data"/> and returns where the result lies, which is one of the buffers.
    /// </summary>
    /// <param name="data">The numbers; overwritten. Room for <see cref="BufferLength"/>.</param>
    /// <param name="other">As much room.</param>
    public Complex* Transform(Complex* data, Complex* other)
    {
        if (_padded == Length)
        {
            return Stockham(data, other);
        }

        // x[k] · c[k], convolved with the conjugate of c, times c[k]; c[k] = exp(-πik² / n).
        for (int index = 0; index < Length; index++)
        {
            data[index] *= _chirp[index];
        }

        new Span<Complex>(data + Length, _padded - Length).Clear();
        Complex* spectrum = Stockham(data, other);
        for (int index = 0; index < _padded; index++)
        {
            spectrum[index] = Complex.Conjugate(spectrum[index] * _chirpSpectrum[index]);
        }

        Complex* result = Stockham(spectrum, spectrum == data ? other : data);
        double scale = 1.0 / _padded;
        for (int index = 0; index < Length; index++)
        {
            result[index] = Complex.Conjugate(result[index]) * _chirp[index] * scale;
        }

        return result;
    }

    private static int Padded(int length)
    {
        int rest = length;
        foreach (int factor in (ReadOnlySpan<int>)[2, 3, 5])
        {
            while (rest % factor == 0)
            {
                rest /= factor;
            }
        }

        return rest == 1 ? length : (int)BitOperations.RoundUpToPowerOf2((uint)((2 * length) - 1));
    }

    /// <summary>exp(πi · <paramref name="halfTurns"/>), exact at multiples of a quarter turn.</summary>
    private static Complex Root(double halfTurns)
    {
        (double sine, double cosine) = double.SinCosPi(halfTurns);
        return new Complex(cosine, sine);
    }

    private void FillChirp(Complex* other)
    {
        int length = Length;
        new Span<Complex>(_chirpSpectrum, _padded).Clear();
        for (int index = 0; index < length; index++)
        {
            // k² modulo 2n: large angles would lose their last bits.
            _chirp[index] = Root(-(double)((long)index * index % (2L * length)) / length);
            _chirpSpectrum[index] = Complex.Conjugate(_chirp[index]);
            _chirpSpectrum[index == 0 ? 0 : _padded - index] = _chirpSpectrum[index];
        }

        Complex* spectrum = Stockham(_chirpSpectrum, other);
        if (spectrum != _chirpSpectrum)
        {
            new Span<Complex>(spectrum, _padded).CopyTo(new Span<Complex>(_chirpSpectrum, _padded));
        }
    }

    /// <summary>
    /// One pass a factor: elements that are <c>size / radix</c> apart are transformed among each other, turned, and stored beside each other, which sorts them as well.
    /// </summary>
    private Complex* Stockham(Complex* data, Complex* other)
    {
        int stride = 1;
        for (int size = _padded; size > 1;)
        {
            int radix = size % 4 == 0 ? 4 : size % 2 == 0 ? 2 : size % 3 == 0 ? 3 : 5;
            int count = size / radix;
            for (int index = 0; index < count; index++)
            {
                Complex* from = data + ((long)stride * index);
                Complex* to = other + ((long)stride * radix * index);
                switch (radix)
                {
                    case 4:
                        Pass4(from, to, stride, count, index);
                        break;
                    case 2:
                        Pass2(from, to, stride, count, index);
                        break;
                    case 3:
                        Pass3(from, to, stride, count, index);
                        break;
                    default:
                        Pass5(from, to, stride, count, index);
                        break;
                }
            }

            Complex* swapped = data;
            data = other;
            other = swapped;
            size = count;
            stride *= radix;
        }

        return data;
    }

    private void Pass2(Complex* from, Complex* to, int stride, int count, int index)
    {
        Complex turn = _roots[index * stride];
        for (int lane = 0; lane < stride; lane++)
        {
            Complex a = from[lane], b = from[lane + ((long)stride * count)];
            to[lane] = a + b;
            to[lane + stride] = (a - b) * turn;
        }
    }

    private void Pass3(Complex* from, Complex* to, int stride, int count, int index)
    {
        const double Sine = 0.86602540378443864676; // sin(2π/3)
        long step = (long)stride * count;
        Complex turn1 = _roots[index * stride], turn2 = _roots[2 * index * stride];
        for (int lane = 0; lane < stride; lane++)
        {
            Complex a = from[lane], b = from[lane + step], c = from[lane + (2 * step)];
            Complex sum = b + c, middle = a - (0.5 * sum), difference = TurnBack(Sine * (b - c));
            to[lane] = a + sum;
            to[lane + stride] = (middle + difference) * turn1;
            to[lane + (2 * stride)] = (middle - difference) * turn2;
        }
    }

    private void Pass4(Complex* from, Complex* to, int stride, int count, int index)
    {
        long step = (long)stride * count;
        Complex turn1 = _roots[index * stride], turn2 = _roots[2 * index * stride], turn3 = _roots[3 * index * stride];
        for (int lane = 0; lane < stride; lane++)
        {
            Complex a = from[lane], b = from[lane + step], c = from[lane + (2 * step)], d = from[lane + (3 * step)];
            Complex even = a + c, odd = b + d, evenRest = a - c, oddRest = TurnBack(b - d);
            to[lane] = even + odd;
            to[lane + stride] = (evenRest + oddRest) * turn1;
            to[lane + (2L * stride)] = (even - odd) * turn2;
            to[lane + (3L * stride)] = (evenRest - oddRest) * turn3;
        }
    }

    private void Pass5(Complex* from, Complex* to, int stride, int count, int index)
    {
        const double Cosine1 = 0.30901699437494742410, Cosine2 = -0.80901699437494742410; // cos(2π/5), cos(4π/5)
        const double Sine1 = 0.95105651629515357212, Sine2 = 0.58778525229247312917; // sin(2π/5), sin(4π/5)
        long step = (long)stride * count;
        for (int lane = 0; lane < stride; lane++)
        {
            Complex a = from[lane];
            Complex b = from[lane + step], c = from[lane + (2 * step)], d = from[lane + (3 * step)], e = from[lane + (4 * step)];
            Complex sum1 = b + e, sum2 = c + d, difference1 = b - e, difference2 = c - d;
            Complex middle1 = a + (Cosine1 * sum1) + (Cosine2 * sum2), middle2 = a + (Cosine2 * sum1) + (Cosine1 * sum2);
            Complex rest1 = TurnBack((Sine1 * difference1) + (Sine2 * difference2)), rest2 = TurnBack((Sine2 * difference1) - (Sine1 * difference2));
            to[lane] = a + sum1 + sum2;
            to[lane + stride] = (middle1 + rest1) * _roots[index * stride];
            to[lane + (2L * stride)] = (middle2 + rest2) * _roots[2 * index * stride];
            to[lane + (3L * stride)] = (middle2 - rest2) * _roots[3 * index * stride];
            to[lane + (4L * stride)] = (middle1 - rest1) * _roots[4 * index * stride];
        }
    }

    /// <summary>The number times -i.</summary>
    private static Complex TurnBack(Complex value) => new(value.Imaginary, -value.Real);
}
